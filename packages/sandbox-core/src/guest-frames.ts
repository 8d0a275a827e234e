/** Most lines of a guest's stack. */
const MAX_FRAMES = 32;

/** Stack frames that are not the guest's: of the runtime, of the layers below it, and of the eval that runs the program. */
const FOREIGN = /pyisolate:|isolated-vm|node:|file:\/\/|^\s+at eval \(<anonymous>\)$/;

/** The frames of a stack that are the guest's own program's and its modules', as the guest has them: not cleaned. */
export function guestFrames(stack: string): string[] {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line) && !FOREIGN.test(line))
    .slice(0, MAX_FRAMES);
}

/** What is printed of an error that isolated-vm throws out of the isolate: a rejection that the guest left unhandled. */
export function uncaughtLines(error: unknown): string[] {
  if (!(error instanceof Error)) return [`Uncaught (in promise) ${String(error)}`];
  const frames = guestFrames(insideOf(error.stack ?? ""));
  return [`Uncaught (in promise) ${error.name}: ${error.message}`, ...frames];
}

/** The part of a stack that is the isolate's. Below the mark stand frames of this process; without it, all may be those. */
function insideOf(stack: string): string {
  const end = stack.indexOf("<isolated-vm boundary>");
  return end === -1 ? "" : stack.slice(0, stack.lastIndexOf("\n", end) + 1);
}
