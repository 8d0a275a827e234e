import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

import { kernelRefusal } from "./kernel-refusal.ts";
import { type Refusal, runAttempts } from "./run-attempts.ts";
import { heading, pairs, paint, plain, say } from "./screen.ts";

/** What shows a kernel's refusal, in words. */
const EVIDENCE: Readonly<Record<string, string>> = {
  "differential+ruleset":
    "the file's permissions let this process at it, the kernel's rules do not",
  "ruleset+errno": "the kernel's rules for this process do not grant it",
  "seccomp-errno": "the kernel's filter for this process refuses it",
};

/** The half that needs no server: guards, events, and the counters that this process itself exposes. */
export async function embeddedHalf(): Promise<void> {
  heading("1  Embedded: a guest asks for what it may not have");
  await using otel = startTelemetry({
    serviceName: "pyisolate-demo",
    metrics: "prometheus",
    logs: "none",
    port: 0,
  });
  await using denials = createDenialRecorder();
  await otel.ready();
  for (const refusal of await runAttempts(denials)) show(refusal);
  heading("The second layer: a broker with a fault, and Linux below it");
  say(
    "  The broker of this cell is broken on purpose, in a copy of the package: it allows every path.",
  );
  say("  The cell's process is confined by Linux itself, to what the policy grants.");
  const refusal = await kernelRefusal(denials);
  if (typeof refusal === "string") say(`\n  Not to be seen on this host. ${refusal}`);
  else {
    show(refusal);
    say(
      `    The broker said yes, the kernel said no: nothing was read. Such a record is an ERROR.`,
    );
  }
  heading("Counters, scraped from this process");
  const url = otel.prometheusUrl ?? "";
  const text = await (await fetch(url)).text();
  say(`  GET ${url}`);
  for (const line of text.split("\n")) {
    if (/^pyisolate_(?:denials|denial_events|decisions)_total\{.*\} [1-9]/.test(line))
      say(`  ${line}`);
  }
}

function show({ by, program, saw, event }: Refusal): void {
  const { name, message, reason, denialId } = saw;
  say();
  say(`  ${paint("red", "✗")} ${paint("bold", event.capability)}  ${program}`);
  pairs(
    [
      [`${by} saw`, plain(`${name}: ${message ?? reason}  denialId ${denialId}`)],
      [
        "event",
        `${plain(event.attemptedAction)}  policy_rule=${event.policyRule} reason=${event.reason} broker=${event.brokerDecision} kernel=${event.kernelDecision}`,
      ],
      ...(event.kernelEvidence === null
        ? []
        : ([
            ["kernel", `${event.kernelEvidence}: ${EVIDENCE[event.kernelEvidence] ?? ""}`],
          ] as const)),
      ...(event.nearestRule === null
        ? []
        : ([
            [
              "nearest rule",
              `${event.nearestRule.id}, which lacks the ${event.nearestRule.lacked}`,
            ],
          ] as const)),
    ],
    4,
  );
}
