import {
  serversForTest,
  type SkippableTest,
  startVictoriaLogs,
  type VictoriaLogs,
} from "@pyisolate/stack";

import { account, type Account } from "../faults/account.ts";
import { until } from "../faults/until.ts";

const DENIALS = 'event_name:="pyisolate.denial"';

/** The real store behind the gateways. */
export async function startLogStore(context: SkippableTest): Promise<VictoriaLogs> {
  const { "victoria-logs": binary } = await serversForTest(context, ["victoria-logs"]);
  return await startVictoriaLogs({ binary });
}

/** What became of so many denials at the store, once they are all to be seen there. */
export async function accountAtStore(
  title: string,
  denied: number,
  store: VictoriaLogs,
): Promise<Account> {
  const distinct = async () => {
    const [ids] = await store.counts(`${DENIALS} | stats count_uniq(pyisolate.denial.id) as ids`);
    return ids?.value ?? 0;
  };
  await until("denials at the store", distinct, (ids) => ids >= denied);
  // What the store counts already, it may not yet give out whole.
  const records = await until(
    "records of the denials at the store",
    async () => await store.records(DENIALS, undefined, 0),
    (given) => new Set(given.map(({ fields }) => fields["pyisolate.denial.id"])).size >= denied,
  );
  return account(
    title,
    denied,
    records.map(({ fields }) => ({ attributes: fields })),
  );
}
