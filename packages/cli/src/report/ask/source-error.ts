/** Prometheus or a log store does not answer, refuses, or breaks its API's promises. The message is for people. */
export class SourceError extends Error {
  override get name(): string {
    return "SourceError";
  }
}
