import { ROOT_CONTEXT } from "@opentelemetry/api";
import type { Attributes, Context, LogRecord } from "@opentelemetry/api";
import type { CellTotals, Policy } from "@pyisolate/policy";

import { droppedTotal, type Dropped, type Ledger } from "../ledger/ledger.ts";
import { ATTRIBUTES as A, DROPPED, EVENTS, type DropReason } from "../semconv.ts";
import { cellText, hashText, hrTime, policyText, word } from "./record-fields.ts";
import { SEVERITY } from "./severity.ts";

/**
 * The log record of what was dropped since the last such record.
 *
 * @param time Unix milliseconds.
 * @param why What the server said of records that it refused.
 */
export function recordsDroppedLogRecord(dropped: Dropped, time: number, why?: string): LogRecord {
  const total = droppedTotal(dropped);
  const because = why === undefined ? "" : ` (${why})`;
  return {
    eventName: EVENTS.recordsDropped.name,
    timestamp: hrTime(time),
    severityNumber: SEVERITY.warn,
    body: `${total} denials have no record; the counters have them${because}`,
    attributes: { [A.droppedTotal.name]: total, ...byReason(dropped) },
    context: ROOT_CONTEXT,
  };
}

function byReason(dropped: Dropped): Attributes {
  const attributes: Attributes = {};
  for (const [reason, count] of Object.entries(dropped)) {
    attributes[DROPPED[reason as DropReason].name] = count;
  }
  return attributes;
}

/** The log record of a policy that was loaded. `time` is Unix milliseconds. */
export function policyLoadedLogRecord(
  policy: Pick<Policy, "name" | "hash">,
  time: number,
): LogRecord {
  const name = policyText(policy.name);
  return {
    eventName: EVENTS.policyLoaded.name,
    timestamp: hrTime(time),
    severityNumber: SEVERITY.info,
    body: `policy ${name} decides from now on`,
    attributes: { [A.policyName.name]: name, [A.policyHash.name]: hashText(policy.hash) },
    context: ROOT_CONTEXT,
  };
}

/**
 * The log record of a closed cell. `time` is Unix milliseconds.
 *
 * @param ledger undefined if the cell has shared that of `_other`.
 */
export function cellClosedLogRecord(
  totals: CellTotals,
  ledger: Ledger | undefined,
  time: number,
  context: Context,
): LogRecord {
  const cell = cellText(totals.cell);
  const cause = word(totals.cause);
  const attributes: Attributes = {
    [A.cell.name]: cell,
    [A.closedCause.name]: cause,
    [A.closedDenials.name]: totals.denials,
    [A.closedAllowed.name]: totals.allowed,
    ...(ledger === undefined ? {} : ledgerAttributes(ledger)),
  };
  return {
    eventName: EVENTS.cellClosed.name,
    timestamp: hrTime(time),
    severityNumber: SEVERITY.info,
    body: `cell ${cell} ended (${cause}): ${totals.denials} denied, ${totals.allowed} allowed`,
    attributes,
    context,
  };
}

function ledgerAttributes(ledger: Ledger): Attributes {
  return {
    [A.ledgerDenied.name]: ledger.denied,
    [A.ledgerEmitted.name]: ledger.emitted,
    [A.ledgerCoalesced.name]: ledger.coalesced,
    [A.ledgerDropped.name]: droppedTotal(ledger.dropped),
    [A.ledgerPending.name]: ledger.pending,
    ...byReason(ledger.dropped),
  };
}
