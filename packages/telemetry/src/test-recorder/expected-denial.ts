import type { CapabilityName, DenialEvent, DenialReason, OperationName } from "@pyisolate/policy";
import {
  cleanText,
  DENIAL_REASONS,
  MAX_CELL_LENGTH,
  MAX_TARGET_LENGTH,
} from "@pyisolate/policy/events";
import {
  flag,
  mustBe,
  nonEmptyText,
  oneOf,
  type OptionChecks,
  readOptions,
} from "@pyisolate/policy/options";

/**
 * Who refused: `broker` and `kernel` where that layer's decision is `deny` (it may be both), `host` where it is neither's: a limit, a
 * malformed request, a wrong token, a cell that had ended.
 */
export type DenialLayer = "broker" | "kernel" | "host";

/** What a denial is expected to be. What is left out may be anything. */
export interface ExpectedDenial {
  /** The cell's name as the test wrote it, or an expression that it matches. */
  readonly cell?: string | RegExp;
  readonly capability?: CapabilityName;
  readonly operation?: OperationName;
  /** The whole target as the guard gave it, or an expression that the event's clean target matches. */
  readonly target?: string | RegExp;
  /** The rule that refused: its id, `default`, or `limit.` and the limit. */
  readonly rule?: string;
  readonly reason?: DenialReason;
  readonly layer?: DenialLayer;
  /** False for a verdict of a shadow policy. Default: true, a denial that took effect. */
  readonly enforced?: boolean;
}

const text = mustBe(
  "a string or a regular expression",
  (value) => typeof value === "string" || value instanceof RegExp,
);

const CHECKS: OptionChecks<ExpectedDenial> = {
  cell: text,
  capability: nonEmptyText,
  operation: nonEmptyText,
  target: text,
  rule: nonEmptyText,
  reason: oneOf(DENIAL_REASONS),
  layer: oneOf(["broker", "kernel", "host"]),
  enforced: flag,
};

/** What an event is expected to be, and the event, field by field. */
interface Comparison {
  readonly field: string;
  readonly wanted: string;
  readonly is: string;
  readonly holds: boolean;
}

/** Compares events with what a test expects. */
export class Expectation {
  readonly #expected: Partial<ExpectedDenial>;

  /** @throws TypeError for a field that is unknown or of the wrong kind: misspelt, it would be met by any denial. */
  constructor(asker: string, expected: ExpectedDenial | undefined) {
    this.#expected = readOptions(asker, expected ?? {}, CHECKS);
  }

  isMetBy(event: DenialEvent): boolean {
    return this.differences(event).length === 0;
  }

  /** How an event differs from what is expected, in words; empty if it does not. */
  differences(event: DenialEvent): readonly string[] {
    return this.#compared(event)
      .filter(({ holds }) => !holds)
      .map(({ field, wanted, is }) => `${field} is ${is}, not ${wanted}`);
  }

  /** What is expected, in words, such as `a denial with capability "database"`. */
  get words(): string {
    const { enforced, ...others } = this.#expected;
    const fields = Object.entries(others).map(([field, value]) => `${field} ${shown(value)}`);
    const what = enforced === false ? "a verdict of a shadow policy" : "a denial";
    return fields.length === 0 ? what : `${what} with ${fields.join(", ")}`;
  }

  #compared(event: DenialEvent): readonly Comparison[] {
    const { cell, capability, operation, target, rule, reason, layer, enforced } = this.#expected;
    const layers = layersOf(event);
    return [
      textual("cell", cell, event.cell, MAX_CELL_LENGTH),
      textual("capability", capability, event.capability, 64),
      textual("operation", operation, event.operation, 64),
      textual("target", target, event.target, MAX_TARGET_LENGTH),
      textual("rule", rule, event.policyRule, 64),
      textual("reason", reason, event.reason, 64),
      compared("layer", layer, layers.join(" and "), layer === undefined || layers.includes(layer)),
      compared("enforced", enforced ?? true, event.enforced, event.enforced === (enforced ?? true)),
    ];
  }
}

/** Which layers refused. */
export function layersOf({ brokerDecision, kernelDecision }: DenialEvent): DenialLayer[] {
  const layers: DenialLayer[] = [];
  if (brokerDecision === "deny") layers.push("broker");
  if (kernelDecision === "deny") layers.push("kernel");
  return layers.length === 0 ? ["host"] : layers;
}

function textual(
  field: string,
  wanted: string | RegExp | undefined,
  is: string,
  max: number,
): Comparison {
  if (wanted instanceof RegExp) {
    // A copy: with the flags g or y an expression remembers where it ended.
    return compared(field, wanted, is, new RegExp(wanted.source, wanted.flags).test(is));
  }
  // An event's texts have been cleaned once; what the test wrote has not.
  return compared(field, wanted, is, wanted === undefined || cleanText(wanted, max) === is);
}

function compared(field: string, wanted: unknown, is: unknown, holds: boolean): Comparison {
  return { field, wanted: shown(wanted), is: shown(is), holds };
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(cleanText(value, 200)) : String(value);
}
