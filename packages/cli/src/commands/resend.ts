import type { Resent } from "@pyisolate/telemetry/sdk";

import { type Command, type OptionTable, UsageError } from "../command.ts";
import type { Terminal } from "../terminal.ts";

const OPTIONS = {
  "--to": {
    value: "URL",
    help: "base URL of an OTLP/HTTP receiver, to which /v1/logs is added\n(default: the OTEL_EXPORTER_OTLP_* variables, else http://127.0.0.1:4318)",
  },
  "--dry-run": { help: "sends nothing: says how many records there are, and what was answered" },
  "--json": {
    help: "the same for programs: { taken, refused, waiting, letters: [{ answer, records }] }",
  },
} as const satisfies OptionTable;

/** It ends when nothing was taken or refused for so long, milliseconds. */
const PATIENCE = 30_000;

/** How often progress is told at most, milliseconds. */
const TELL_EVERY = 1000;

/** Longest time in all, milliseconds: the most that the option takes. */
const DAY = 86_400_000;

export const resend: Command<typeof OPTIONS> = {
  name: "resend",
  summary: "sends the records again that were refused and kept in a spool",
  operands: ["SPOOL"],
  about: `Sends the dead letters of a spool again, and nothing else of it: the records that the server has refused, for example when its
limits have been raised or its filter put right. A record that is taken is removed; one that is refused again stays, with its new
answer. The service may run meanwhile. SPOOL is the folder that startTelemetry({ spool }) was given.`,
  options: OPTIONS,
  notes: `It gives up when nothing was taken or refused for 30 s; what is left then, or on Ctrl-C, stays.
Exit code: 0 where every record was taken, or there are none; 1 where one was refused again or could not be sent, or the folder cannot
be read; 2 for wrong usage.`,
  async run({ options, operands: [spool = ""] }, { terminal, signal }) {
    const dryRun = options["--dry-run"] === true;
    const told = new Answers();
    using progress = new Progress(signal, terminal);
    const resent = await sendAgain(
      { spool, ...(options["--to"] !== undefined && { endpoint: options["--to"] }) },
      {
        dryRun,
        signal: progress.signal,
        onLetter: ({ answer }, soFar) => {
          told.add(answer, soFar);
          if (!dryRun) progress.heard(soFar);
        },
        onWarning: (message) => {
          terminal.note(message);
        },
      },
    );
    const { taken, refused, waiting } = resent;
    if (options["--json"] === true) terminal.json({ ...resent, letters: told.rows });
    else if (dryRun) {
      for (const { answer, records } of told.rows) terminal.out(`${records} records: ${answer}`);
      terminal.out(`${waiting} records would be sent`);
    } else {
      terminal.out(
        `${taken} records taken, ${refused} refused again, ${waiting} not sent`,
        refused + waiting === 0 ? "good" : "bad",
      );
    }
    return dryRun || refused + waiting === 0 ? 0 : 1;
  },
};

type Sdk = typeof import("@pyisolate/telemetry/sdk");

async function sendAgain(
  options: { readonly spool: string; readonly endpoint?: string },
  how: NonNullable<Parameters<Sdk["resendRefused"]>[1]>,
): Promise<Resent> {
  // Loaded this late: it loads the OpenTelemetry SDK.
  const { resendRefused } = await import("@pyisolate/telemetry/sdk");
  try {
    return await resendRefused({ ...options, flushTimeoutMillis: DAY }, how);
  } catch (error) {
    if (!(error instanceof TypeError) || !error.message.startsWith("endpoint ")) throw error;
    throw new UsageError(error.message.replace("endpoint", "--to"));
  }
}

/** What was answered before, and to how many records. */
class Answers {
  readonly #records = new Map<string, number>();
  #before = 0;

  add(answer: string, { taken, refused, waiting }: Resent): void {
    const all = taken + refused + waiting;
    this.#records.set(answer, (this.#records.get(answer) ?? 0) + all - this.#before);
    this.#before = all;
  }

  get rows(): readonly { readonly answer: string; readonly records: number }[] {
    return [...this.#records].map(([answer, records]) => ({ answer, records }));
  }
}

/** Tells how far the sending is, and ends it when nothing is taken or refused any more. */
class Progress {
  readonly #idle = new AbortController();
  readonly #terminal: Terminal;
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;
  #toldAt = performance.now();

  constructor(interrupted: AbortSignal, terminal: Terminal) {
    this.#terminal = terminal;
    this.signal = AbortSignal.any([interrupted, this.#idle.signal]);
    this.#timer = setTimeout(() => {
      terminal.note(`nothing was taken or refused for ${PATIENCE / 1000} s: giving up`);
      this.#idle.abort();
    }, PATIENCE);
  }

  heard({ taken, refused }: Resent): void {
    this.#timer.refresh();
    if (performance.now() - this.#toldAt < TELL_EVERY) return;
    this.#toldAt = performance.now();
    this.#terminal.note(`${taken} records taken, ${refused} refused again so far`);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
