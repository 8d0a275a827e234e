import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

import { type Refusal, runAttempts } from "./run-attempts.ts";
import { heading, pairs, paint, plain, say } from "./screen.ts";

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
