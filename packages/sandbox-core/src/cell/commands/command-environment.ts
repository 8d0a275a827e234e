/**
 * The environment of a command: three fixed variables, and the marks that the host put into the cell's environment, by which it
 * finds a stray process.
 */
export function commandEnvironment(): Record<string, string> {
  const { PYISOLATE_CELL = "", PYISOLATE_SUPERVISOR = "" } = process.env;
  return {
    PATH: "/usr/bin:/bin",
    LANG: "C.UTF-8",
    HOME: "/",
    PYISOLATE_CELL,
    PYISOLATE_SUPERVISOR,
  };
}
