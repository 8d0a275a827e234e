/** The fields that are read of a record where it arrives. */
export interface DeniedLog {
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What became of the denials of one test, where their records arrive and by the service's own account. */
export interface Account {
  readonly denied: number;
  /** Denials in records with distinct ids. */
  readonly delivered: number;
  readonly duplicates: number;
  /** Losses by reason, as the service or the Collector reports them. */
  readonly lost: Readonly<Record<string, number>>;
  readonly residual: number;
}

/** Where nothing coalesces, so that a record is a denial. Prints it into the run's output. */
export function account(
  title: string,
  denied: number,
  logs: readonly DeniedLog[],
  lost: Account["lost"] = {},
): Account {
  const counts = new Map<unknown, number>();
  let records = 0;
  for (const { attributes } of logs) {
    const id = attributes["pyisolate.denial.id"];
    if (id === undefined) continue;
    records += 1;
    counts.set(id, Number(attributes["pyisolate.denial.count"]));
  }
  const delivered = sum(counts.values());
  const result = {
    denied,
    delivered,
    duplicates: records - counts.size,
    lost: Object.fromEntries(Object.entries(lost).filter(([, count]) => count !== 0)),
    residual: denied - delivered - sum(Object.values(lost)),
  };
  process.stdout.write(`${title}: ${JSON.stringify(result)}\n`);
  return result;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
