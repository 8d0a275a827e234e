/** The cell has ended, and cannot run anything any more. */
export class ClosedError extends Error {
  constructor(cell: string, why: string) {
    super(`The cell "${cell}" has ended (${why}); spawn another one`);
  }

  override get name(): string {
    return "ClosedError";
  }
}

/** A cell could not be started, or this host cannot run cells at all. */
export class CellStartError extends Error {
  override get name(): string {
    return "CellStartError";
  }
}
