import { closeSync, readdirSync, readFileSync } from "node:fs";

/** `O_CLOEXEC` of Linux, in the octal flags of `/proc/self/fdinfo`. */
const CLOSE_ON_EXEC = 0o2_000_000;

/** The highest descriptor that the host gives a cell on purpose. */
const LAST_OWN = 4;

/**
 * Closes the descriptors that the host inherited and passed on without knowing: those without close-on-exec. Node opens all of
 * its own with it. Without this function, such descriptors would stay open in the cell and in the commands that it runs.
 */
export function closeInherited(): void {
  for (const entry of readdirSync("/proc/self/fd")) {
    const fd = Number(entry);
    if (fd <= LAST_OWN) continue;
    try {
      const flags = /^flags:\s*([0-7]+)$/m.exec(
        readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"),
      )?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) closeSync(fd);
    } catch {
      // This is the descriptor of the listing itself, which is closed by now.
    }
  }
}
