import { isThenable } from "@pyisolate/policy/options";

/**
 * Calls a function that the host has given. What it throws goes to `onError`, and so does what a promise of it rejects with: a guest
 * chooses when such a function is called and with what text, and a rejection that nothing handles ends the host's process.
 */
export function callBack(work: () => unknown, onError: (error: unknown) => void): void {
  try {
    const returned = work();
    // Not `instanceof Promise`: a promise of another realm, or of a library, rejects as well.
    if (isThenable(returned)) Promise.resolve(returned).catch(onError);
  } catch (error) {
    onError(error);
  }
}
