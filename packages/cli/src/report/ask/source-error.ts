/** Prometheus or a log store is not there, refuses, or answers what its API does not promise. The message is for people. */
export class SourceError extends Error {
  override get name(): string {
    return "SourceError";
  }
}
