import fc from "fast-check";

import type { Program } from "./life.ts";
import type { Operation } from "./operation.ts";
import { operation, OPERATIONS } from "./operations.ts";
import { attempt, type Depth, dropCode, END, FLAT, from } from "./programs.ts";

/** One program of the fuzzer: what it does, from how deep in the stack, called by whom. */
export interface Sentence {
  readonly entry: keyof typeof ENTRIES;
  readonly depth: Depth;
  readonly steps: readonly Step[];
}

interface Step {
  readonly row: Operation;
  readonly shape: keyof typeof SHAPES;
  /** What the guest does where the engine calls it back while its arguments are read. */
  readonly inner: Operation;
  readonly innerDepth: Depth;
  readonly times: number;
}

/** Options that call the guest back while they are read. */
const SHAPES = {
  plain: () => "",
  empty: () => "{}",
  getter: (what: string) => `{ get encoding() { ${what} return "utf8"; } }`,
  "throwing getter": (what: string) => `{ get encoding() { ${what} throw new Error("mine"); } }`,
  "toString trap": (what: string) => `{ encoding: { toString() { ${what} return "utf8"; } } }`,
  proxy: (what: string) =>
    `new Proxy({}, { get(t, name) { if (name === "encoding") { ${what} return "utf8"; } }, ownKeys() { ${what} return []; } })`,
  "deep object": () => `{ encoding: "utf8", __proto__: { flag: undefined } }`,
  "wrong kind": () => `Symbol()`,
} as const;

/** By whom the guest's code is called. */
export const ENTRIES = {
  program: (what: string): Program[] => [what],
  "after an await": (what: string) => [`(async () => { await null; ${what} })()`],
  timer: (what: string) => [
    `new Promise((go) => { setTimeout(() => { try { ${what} } finally { go(); } }, 0); })`,
  ],
  microtask: (what: string) => [`queueMicrotask(() => { ${what} })`],
  reaction: (what: string) => [`Promise.reject(1).catch(() => { ${what} })`],
  call: (what: string) => [`globalThis.go = () => { ${what} }; undefined`, { call: "go" }],
  "module body": (what: string) => [
    `inBody = () => { ${what} }; try { require("body"); } catch {}`,
  ],
  "ES module body": (what: string) => [
    `inBody = () => { ${what} }; imp("es-body").catch(() => {}).then(() => 1)`,
  ],
  "command's callback": (what: string) => [
    `inCallback = () => { inCallback = () => {}; ${what} }; ${from(FLAT, attempt(operation("run denied, called back")))} settled()`,
  ],
  "result's getter": (what: string) => [`({ get x() { ${what} return 1; } })`],
  thenable: (what: string) => [`({ then(go) { ${what} go(1); } })`],
  "posted getter": (what: string) => [`post([{ get x() { ${what} return 1; } }])`],
  "posted getter that posts": (what: string) => [
    `post([{ get x() { post([{ get y() { ${what} return 1; } }]); return 1; } }])`,
  ],
  reviver: (what: string) => [`JSON.parse("[1]", () => { ${what} return 1; }); undefined`],
  "printed value": (what: string) => [
    `console.log({ [Symbol.for("nodejs.util.inspect.custom")]() { ${what} return 1; } })`,
  ],
  immediate: (what: string) => [
    `new Promise((go) => { setImmediate(() => { try { ${what} } finally { go(); } }); })`,
  ],
  interval: (what: string) => [
    `new Promise((go) => { const timer = setInterval(() => { clearInterval(timer); try { ${what} } finally { go(); } }, 1); })`,
  ],
  "listener of an event": (what: string) => [
    `{ const target = new EventTarget(); target.addEventListener("x", () => { ${what} }); target.dispatchEvent(new Event("x")); } undefined`,
  ],
  "cloned getter": (what: string) => [`structuredClone({ get x() { ${what} return 1; } })`],
  comparison: (what: string) => [`[2, 1].sort(() => { ${what} return 0; }); undefined`],
  replacement: (what: string) => [`"a".replace("a", () => { ${what} return ""; })`],
  "stack trace": (what: string) => [
    `Error.prepareStackTrace = () => { Error.prepareStackTrace = undefined; ${what} return ""; }; throw new Error("mine")`,
  ],
  "proxy trap": (what: string) => [`"x" in new Proxy({}, { has() { ${what} return true; } })`],
  generator: (what: string) => [`[...(function* () { ${what} yield 1; })()]`],
} as const satisfies Record<string, (what: string) => Program[]>;

const quick = fc.constantFrom(...OPERATIONS.filter(({ slow }) => slow !== true));
const slow = fc.constantFrom(...OPERATIONS.filter((row) => row.slow === true));
const anyRow = fc.oneof({ weight: 400, arbitrary: quick }, { weight: 1, arbitrary: slow });

const anyDepth: fc.Arbitrary<Depth> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(FLAT) },
  {
    weight: 1,
    arbitrary: fc.record({
      frames: fc.integer({ min: 1, max: 4000 }),
      pad: fc.nat(12),
      near: fc.constant(0),
      every: fc.integer({ min: 1, max: 500 }),
      most: fc.integer({ min: 1, max: 4 }),
      enough: fc.constant(Infinity),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      frames: fc.constant("end" as const),
      pad: fc.nat(15),
      near: fc.nat(60),
      every: fc.integer({ min: 1, max: 5 }),
      most: fc.integer({ min: 10, max: 500 }),
      enough: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

const anyStep: fc.Arbitrary<Step> = fc.record({
  row: anyRow,
  shape: fc.oneof(
    { weight: 12, arbitrary: fc.constant("plain" as const) },
    { weight: 8, arbitrary: fc.constantFrom(...(Object.keys(SHAPES) as (keyof typeof SHAPES)[])) },
  ),
  inner: quick,
  innerDepth: fc.constantFrom(FLAT, FLAT, { ...END, most: 100 }),
  times: fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(40) }),
});

export const anySentence: fc.Arbitrary<Sentence> = fc
  .record({
    entry: fc.constantFrom(...(Object.keys(ENTRIES) as (keyof typeof ENTRIES)[])),
    depth: anyDepth,
    steps: fc.array(anyStep, { minLength: 1, maxLength: 3 }),
  })
  // A failing guest is printed as the programs that it is.
  .map((sentence) => ({
    ...sentence,
    [fc.toStringMethod]: () => JSON.stringify(spoken(sentence)),
  }));

/** The programs that a sentence is. */
export function spoken({ entry, depth, steps }: Sentence): readonly Program[] {
  const what = steps.map(({ row, shape, inner, innerDepth, times }) => {
    // At each of many frames, a recursion of its own would take the whole time.
    const back = from(depth.frames === 0 ? innerDepth : FLAT, attempt(inner));
    const once = attempt(row, SHAPES[shape](back));
    return times === 1 ? once : `for (let n = 0; n < ${times}; n++) { ${once} }`;
  });
  return ENTRIES[entry](from(depth, what.join(" ")));
}

/** What is done once in a guest's life, in the middle: V8 drops the cell's code, or the heap is nearly full. */
export const anyTurn: fc.Arbitrary<readonly Program[]> = fc.oneof(
  { weight: 20, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.constant([
      `(async () => { ${dropCode(`await fs.promises.writeFile(G + "/r63", "granted 63");`, 40)} })()`,
    ]),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 300, max: 480 })
      .map((many) => [
        `var kept = []; try { for (let n = 0; n < ${many}; n++) kept.push(new Array(16384).fill(n)); } catch {} undefined`,
      ]),
  },
);
