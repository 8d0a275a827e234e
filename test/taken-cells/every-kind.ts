import { shapeOf, SHAPES } from "../hostile-values/hostile-shapes.ts";
import { arrayOf, NODES } from "../hostile-values/node-kinds.ts";
import type { Body } from "./script.ts";

/** A body of every kind of value, about so many bytes long. */
export function everyKind(
  bytes: number,
): readonly { readonly name: string; readonly body: Body }[] {
  const nodes = Object.entries(NODES).map(([kind, node]) => {
    const each = (arrayOf(node, 100).length - arrayOf(node, 0).length) / 100;
    const n = Math.max(1, Math.floor(bytes / each));
    return { name: `${n} x ${kind}`, body: { is: "nodes", kind, n } as const };
  });
  const shapes = Object.keys(SHAPES).map((kind) => {
    const n = fitting(kind, bytes);
    return { name: `${kind}, n = ${n}`, body: { is: "shape", kind, n } as const };
  });
  return [...nodes, ...shapes];
}

/** The largest n, among powers of two and what lies half-way, whose message is no longer. */
function fitting(kind: string, bytes: number): number {
  let best = 1;
  for (let n = 1; n <= bytes; n *= 2) {
    if (shapeOf(kind)(n).length > bytes) break;
    best = n;
    if (shapeOf(kind)(n * 1.5).length <= bytes) best = n * 1.5;
  }
  return Math.floor(best);
}
