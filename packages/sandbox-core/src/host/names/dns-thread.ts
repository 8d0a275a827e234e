// The thread that looks names up. c-ares blocks the event loop that it runs on for as long as a server is silent, and this loop
// is not the host's.
import { parentPort } from "node:worker_threads";

import { type DnsQuestion, queryDns } from "./dns-query.ts";

/** A message to the thread: a question, or the number of a question whose answer is no longer wanted. */
export type DnsOrder =
  | { readonly number: number; readonly question: DnsQuestion }
  | { readonly cancelled: number };

/** A message from the thread. */
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
