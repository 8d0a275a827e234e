// The thread on which names are looked up. c-ares holds the event loop that it runs on for as long as a server is silent; this
// one's holds no host.
import { parentPort } from "node:worker_threads";

import { type DnsQuestion, queryDns } from "./dns-query.ts";

/** What goes to the thread: a question, or the number of one that is not wanted any more. */
export type DnsOrder =
  | { readonly number: number; readonly question: DnsQuestion }
  | { readonly cancelled: number };

/** What comes back. */
export type DnsReport = { readonly number: number } & (
  | { readonly addresses: readonly string[] }
  | { readonly code: string; readonly message: string }
);

const underWay = new Map<number, AbortController>();

parentPort?.on("message", (order: DnsOrder) => {
  if ("cancelled" in order) underWay.get(order.cancelled)?.abort();
  else void answer(order.number, order.question);
});

async function answer(number: number, question: DnsQuestion): Promise<void> {
  const control = new AbortController();
  underWay.set(number, control);
  let report: DnsReport;
  try {
    report = { number, addresses: await queryDns(question, control.signal) };
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    report = { number, code, message };
  }
  underWay.delete(number);
  parentPort?.postMessage(report);
}
