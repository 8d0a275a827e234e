import {
  MappingType,
  SpecialValueMatch,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** Green up to each step's value. */
export function thresholds(...steps: readonly (readonly [from: number, color: string])[]) {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ color: "green", value: null }, ...steps.map(([value, color]) => ({ value, color }))]);
}

/** Green at 0 only: a single event is already one too many. */
export function goodAtZero() {
  return thresholds([1e-9, "red"]);
}

/** One color: the number is neither good nor bad. */
export function neutral() {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ color: "blue", value: null }]);
}

/** Words for {@link stateExpression}'s numbers. */
export const STATE_WORDS: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: {
      "0": { text: "EXPORTING", color: "green", index: 0 },
      "1": { text: "DEGRADED", color: "orange", index: 1 },
      "2": { text: "BLIND", color: "red", index: 2 },
      "3": { text: "BLIND", color: "red", index: 3 },
    },
  },
  {
    type: MappingType.SpecialValue,
    options: { match: SpecialValueMatch.Null, result: { text: "ABSENT", color: "red", index: 4 } },
  },
];
