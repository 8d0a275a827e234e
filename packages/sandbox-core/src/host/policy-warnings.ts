import type { Policy } from "@pyisolate/policy";

/** Most warnings of one policy that are written out. */
const MAX_SHOWN = 10;

/** Tells the operator, as one process warning, what a policy grants that its author may not mean. */
export function tellWarnings({ name, hash, warnings }: Policy): void {
  if (warnings.length === 0) return;
  const shown = warnings.slice(0, MAX_SHOWN).map(({ path, line, message }) => {
    const place = line === undefined ? "" : `line ${line}: `;
    return `  ${place}${path}: ${message}`;
  });
  const more = warnings.length - shown.length;
  process.emitWarning(
    [
      `The policy ${name} (${hash}) grants more than it may seem to:`,
      ...shown,
      ...(more > 0 ? [`  and ${more} more`] : []),
    ].join("\n"),
    "PyIsolateWarning",
  );
}
