import { SeverityNumber } from "@opentelemetry/api";
import { expect, test } from "vitest";

import { aDenial } from "../testing/denials.ts";
import { denialSeverity } from "./severity.ts";

test("an ordinary denial is a warning", () => {
  expect(denialSeverity(aDenial())).toBe(SeverityNumber.WARN);
  expect(denialSeverity(aDenial({ kernelDecision: "unavailable" }))).toBe(SeverityNumber.WARN);
});

test.each(["allow", "not_evaluated"] as const)(
  "a kernel refusal where the broker said %s is an error",
  (brokerDecision) => {
    const event = aDenial({
      brokerDecision,
      kernelDecision: "deny",
      kernelEvidence: "audit",
      reason: "kernel",
    });
    expect(denialSeverity(event)).toBe(SeverityNumber.ERROR);
  },
);

test.each([
  ["cpu", SeverityNumber.ERROR],
  ["wall", SeverityNumber.ERROR],
  ["memory", SeverityNumber.ERROR],
  ["crash", SeverityNumber.ERROR],
  ["calls", SeverityNumber.WARN],
  ["output", SeverityNumber.WARN],
] as const)("the limit %s has severity %i", (operation, severity) => {
  expect(denialSeverity(aDenial({ capability: "limit", operation, reason: "limit" }))).toBe(
    severity,
  );
});
