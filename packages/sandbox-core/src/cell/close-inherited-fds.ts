import { closeSync, readdirSync, readFileSync } from "node:fs";

/** `O_CLOEXEC` of Linux, in the octal flags of `/proc/self/fdinfo`. */
const CLOSE_ON_EXEC = 0o2_000_000;

/** The highest descriptor that the host gives a cell on purpose. */
const LAST_OWN = 4;

/**
 * Closes what the host itself had inherited and passed on unknowingly: descriptors that are not closed on exec. All that
 * Node opens is. The cell has no use for them, and the commands that it runs would have them too.
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
      // The descriptor of the listing itself is gone by now.
    }
  }
}
