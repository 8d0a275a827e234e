/** What ends where its signal is aborted. */
export function abortError(signal: { readonly reason?: unknown } | undefined): Error {
  const error = new Error("The operation was aborted", { cause: signal?.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}
