import fc from "fast-check";

import { SHAPES } from "../hostile-values/hostile-shapes.ts";
import { NODES } from "../hostile-values/node-kinds.ts";
import type { Body, ChannelName, Id, Script, Step } from "./script.ts";
import { TOOLS } from "./tools.ts";

/** Kinds of frames: those that cells send, those that hosts send, and none. */
const KINDS = [16, 17, 18, 19, 20, 21, 22] as const;
const FOREIGN_KINDS = [0, 1, 2, 3, 4, 5, 6, 7, 99, 255] as const;

const REQUESTS: readonly (readonly [string, string, string])[] = [
  ["random", "read", ""],
  ["import", "load", "node:path"],
  ["import", "load", "large"],
  ["filesystem", "read", "/etc/shadow"],
  ["filesystem", "write", "/srv/data/x"],
  ["network", "connect", "a.example.com:443"],
  ["network", "connect", "127.0.0.1:1"],
  ["subprocess", "exec", "/usr/bin/id"],
  ["limit", "output", ""],
  ["limit", "cpu", ""],
  ["limit", "memory", ""],
  ["limit", "wall", ""],
  ["control", "reload_policy", ""],
];

/** Those that the cell's policy decides, with an answer each. */
const POLICY_REQUESTS: readonly Body[] = REQUESTS.filter(
  ([capability]) => capability !== "limit" && capability !== "control",
).map(([c, o, t]) => ({ is: "request", c, o, t }));

const THIS: Id = { of: "call", plus: 0 };

const channel = fc.constantFrom<ChannelName>("sync", "async");

const id: fc.Arbitrary<Id> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Id>({ of: "call", plus: 0 }) },
  { weight: 4, arbitrary: fc.constant<Id>({ of: "request" }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-1, 1, 2, 64).map<Id>((plus) => ({ of: "call", plus })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(0, 1, 2, 3, 1000, 0x7fff_ffff, 0xffff_ffff)
      .map<Id>((number) => ({ of: "any", id: number })),
  },
);

const request = fc.constantFrom(...REQUESTS).map<Body>(([c, o, t]) => ({ is: "request", c, o, t }));
const longRequest = fc
  .constantFrom("a", "/", "\u0000", "\u4e2d", "\u202e", ".")
  .map<Body>((letter) => ({ is: "request", c: "filesystem", o: "read", t: letter.repeat(4096) }));

const LINES: readonly Body[] = [
  { is: "line", level: 1, text: "" },
  { is: "line", level: 4, text: "\u001b[31m\u202e".repeat(1000) },
  { is: "line", level: 0, text: "\u0000".repeat(32_767) },
];

/** What was denied; the error's name, message, stack and code; and the same of each further error, after what it is of which. */
const FAILURES: readonly Body[] = [
  { is: "failure", texts: ["", "", "", "", ""] },
  { is: "failure", texts: ["", "E", "\u0001".repeat(24_576), "  at x\n".repeat(3500), "sE"] },
  {
    is: "failure",
    texts: ["x-1", "PolicyError", "", "    at \u202ex (y)\n".repeat(1000), "n1e999"],
  },
  {
    is: "failure",
    texts: ["", "\ud800".repeat(8192), "\u4e2d".repeat(8192), "\n".repeat(24_576), "nx"],
  },
  {
    is: "failure",
    texts: ["", "E", "", "", "", "ecause 0", "E", "", "", "", "terrors 1", "", "\ud800", "", ""],
  },
  { is: "failure", texts: ["", "E", "", "", "", "ecause 1", "E", "", "", ""] },
  { is: "failure", texts: ["", "E", "", "", "", "xcause 0", "E", "", "", ""] },
  {
    is: "failure",
    texts: [
      "",
      "E",
      "",
      "",
      "",
      ...Array.from({ length: 13 }, () => ["nerrors 0", "", "1", "", ""]).flat(),
    ],
  },
];

const json: fc.Arbitrary<Body> = fc.oneof(
  fc.constantFrom(...LINES, ...FAILURES),
  fc.jsonValue({ maxDepth: 2 }).map<Body>((value) => ({ is: "json", value })),
);

const text: fc.Arbitrary<Body> = fc
  .tuple(fc.constantFrom("[", "[],", '{"a":', '"\\u0001",', "0,"), fc.constantFrom(1, 100, 30_000))
  .map(([letters, times]) => ({ is: "text", text: letters, times }));

/** As much as a default limit of output lets through: 6 MiB at most. */
const value: fc.Arbitrary<Body> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...Object.keys(NODES)), fc.constantFrom(1, 10, 1000, 20_000, 100_000))
    .map<Body>(([kind, n]) => ({ is: "nodes", kind, n })),
  fc
    .tuple(fc.constantFrom(...Object.keys(SHAPES)), fc.constantFrom(1, 10, 100, 3000))
    .map<Body>(([kind, n]) => ({
      is: "shape",
      kind,
      n: /\d .*names/.test(kind) ? Math.ceil(n / 30) : n,
    })),
);

const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array).toString("hex"));

/** Those of the host, one that no rule allows, and one that is none. */
const toolName = fc.constantFrom(...Object.keys(TOOLS), "t.none");
const NUMBER_42: Body = { is: "hex", hex: "ff0f4954" };
const honestTool = fc
  .record({ name: toolName, given: fc.oneof(fc.constant(NUMBER_42), value) })
  .map<Body>((fields) => ({ is: "tool", ...fields }));
const hostileTool = fc
  .record({
    name: fc.oneof(toolName, fc.constantFrom("", "\u0000", "\u4e2d".repeat(85), "__proto__")),
    given: fc.oneof(value, json, text, fc.constant<Body>({ is: "zeros", length: 100_000 })),
    number: fc.constantFrom(undefined, 0, 1, 2, 0xffff_ffff),
  })
  .map<Body>(({ number, ...fields }) =>
    number === undefined ? { is: "tool", ...fields } : { is: "tool", number, ...fields },
  );

const body: fc.Arbitrary<Body> = fc.oneof(
  { weight: 4, arbitrary: request },
  { weight: 3, arbitrary: fc.oneof(honestTool, hostileTool) },
  { weight: 1, arbitrary: longRequest },
  { weight: 4, arbitrary: json },
  { weight: 2, arbitrary: text },
  { weight: 5, arbitrary: value },
  { weight: 1, arbitrary: bytes.map<Body>((hex) => ({ is: "hex", hex })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(0, 1, 4096, 1_000_000)
      .map<Body>((length) => ({ is: "zeros", length })),
  },
);

const flip = fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 255 }));

/** One, some, or a flood. */
const times = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 3, arbitrary: fc.constantFrom(50, 1300, 5000, 30_000) },
);

const kind = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...KINDS) },
  { weight: 1, arbitrary: fc.constantFrom(...FOREIGN_KINDS) },
);

const frames: fc.Arbitrary<Step> = fc
  .record({ channel, kind, id, body, times, flip: fc.option(flip, { nil: undefined, freq: 6 }) })
  .map(({ flip: flipped, ...rest }) =>
    flipped === undefined ? { do: "frames", ...rest } : { do: "frames", ...rest, flip: flipped },
  );

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: frames },
  {
    weight: 6,
    // What cells of ours send, on the channel where they send it, and often.
    arbitrary: fc
      .record({ channel, body: request, times })
      .map<Step>((fields) => ({ do: "frames", kind: 17, id: { of: "request" }, ...fields })),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ id, body: fc.oneof(honestTool, hostileTool), times })
      .map<Step>((fields) => ({ do: "frames", channel: "async", kind: 22, ...fields })),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("bytes"), channel, hex: bytes }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("half"),
      channel,
      kind,
      promised: fc.constantFrom(1, 1000, 32_768, 1_000_000, 67_108_864, 67_108_865, 0xffff_ffff),
      given: fc.constantFrom(0, 1, 900, 500_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close"), channel }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("deafen"), channel }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "exit" }) },
);

/** What cells of ours may send too, each frame by itself: a cell that floods is not known by the form of what it says. */
const plausible: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({ channel, body: fc.constantFrom(...POLICY_REQUESTS), times })
    .map<Step>((fields) => ({ do: "frames", kind: 17, id: { of: "request" }, ...fields })),
  fc
    .record({ body: fc.oneof(value, json), times })
    .map<Step>((fields) => ({ do: "frames", channel: "async", kind: 21, id: THIS, ...fields })),
  fc
    .record({ id, body: fc.constantFrom(...FAILURES), times })
    .map<Step>((fields) => ({ do: "frames", channel: "async", kind: 19, ...fields })),
  fc
    .record({ id, body: fc.constantFrom(...LINES), times })
    .map<Step>((fields) => ({ do: "frames", channel: "async", kind: 20, ...fields })),
  fc
    .record({ id, body: value, times })
    .map<Step>((fields) => ({ do: "frames", channel: "async", kind: 18, ...fields })),
  fc
    .record({ body: honestTool, times })
    .map<Step>((fields) => ({ do: "frames", channel: "async", kind: 22, id: THIS, ...fields })),
  fc.record({ do: fc.constant("deafen"), channel }),
  fc.record({ do: fc.constant("wait"), ms: fc.nat({ max: 20 }) }),
);

const answers = fc.oneof(
  { weight: 20, arbitrary: fc.constant(true) },
  { weight: 1, arbitrary: fc.constant(false) },
);

/** Any script of a taken cell. */
export const anyScript: fc.Arbitrary<Script> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 5 }), answers }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ steps: fc.array(plausible, { minLength: 1, maxLength: 5 }), answers }),
  },
);
