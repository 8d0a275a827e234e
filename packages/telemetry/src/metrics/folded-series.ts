import { ATTRIBUTES as A, FOLDABLE } from "../semconv.ts";
import { newSeries, type Series } from "./counter-buffer.ts";

/** The series of `pyisolate.telemetry.folded`: one for each dimension that can become `_other`. */
export function foldedSeries(): Readonly<Record<(typeof FOLDABLE)[number], Series>> {
  const series = (dimension: (typeof FOLDABLE)[number]): Series =>
    newSeries("folded", { [A.dimension.name]: dimension });
  return {
    cell: series("cell"),
    policy_rule: series("policy_rule"),
    capability: series("capability"),
  };
}
