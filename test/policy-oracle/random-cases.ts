import type { Draws } from "./draws.ts";
import {
  type OracleRequest,
  OPERATIONS,
  type WrittenCommand,
  type WrittenRule,
} from "./readme-matcher.ts";

// Random rules, and requests made from their own patterns, so that most of them come near to a rule.

export const CELLS = ["a", "b", "ab", "tenant-1"];

const SEGMENTS = [
  "a",
  "b",
  "ab",
  "*",
  "a*",
  "*b",
  "*a*",
  "*.b",
  "a*b",
  "**",
  "a-${cell}",
  "${cell}",
  ".a",
  "$x",
];
const HOSTS = [
  "a.b",
  "*.b",
  "*.a.b",
  "127.0.0.1",
  "10.0.0.0/8",
  "10.1.0.0/16",
  "[::1]",
  "[fd00::]/8",
  "[2001:db8::]/32",
  "*",
];
const HOSTS_ASKED = `
  a.b A.b b a.b. c.a.b d.c.A.B xa.b b.a bücher.b xn--bcher-kva.b a..b %61.b a.b%1 127.0.0.1 127.1 0x7f.1
  2130706433 0177.0.0.1 127.0.0.1. 256.0.0.1 1.2.3.4.5 127.0.0.0x1 10.0.0.0 10.255.255.255 10.1.2.3 11.0.0.0
  9.255.255.255 167772161 10.0.0.1.b 0xa.1 [::1] [0:0::1] [::0001] [::ffff:127.0.0.1] [::ffff:a00:1] [FD12::1]
  [fe00::1] [fcff::] [2001:db8::5] [2001:DB8:0:0:1::5] [2001:db9::] [::1%1] [fe80::1%eth0] [::127.0.0.1]
  [1::2::3] [:1]
`
  .trim()
  .split(/\s+/);
const PORTS = ["80", "443", "8443", "*"];
const COMMANDS = ["/a", "/a/b", "/b/a"];
const ARGUMENTS = ["a", "b", "*", "**", "a*", "*b", "a*b", "--a=*", "?", "[a]", "", "a b", "*/*"];
const MODULES = [
  "fs",
  "node:fs",
  "fs/promises",
  "node:path",
  "test",
  "node:test",
  "a",
  "a/b",
  "@a/b",
  "A",
  "*",
];
const PLACES = [
  "file:a",
  "https://a.b/c",
  "npm:a",
  "node:",
  "",
  "/a",
  "./a",
  "node:node:fs",
  "data:,a",
];
const TOOLS = ["a", "a.b", "a.*", "a.**", "*", "**", "*.b", "**.b", "a*", "a.*.b", "ab.**"];
const TARGETS = [
  "a",
  "a.b",
  "a.*",
  "a.**",
  "*",
  "**",
  "**:b",
  "a/*.b",
  "a:*",
  "*/**",
  "a*b",
  "*.*",
  "a**b",
  "$a",
];
const PIECES = ["", "a", "b", "ab", ".", "a.b", "é", "😀", "?", "[a]", " ", "-"];
const SPOILERS = [
  "/",
  "//",
  ".",
  "..",
  "*",
  "\\",
  ":",
  "\0",
  "\n",
  "\ud800",
  "A",
  "é",
  "e\u{301}",
  "a",
  "b",
];

export function randomRules(draws: Draws): readonly WrittenRule[] {
  let id = 0;
  return draws.some(1, 8, () => randomRule(draws, `r${(id += 1)}`));
}

function randomRule(draws: Draws, id: string): WrittenRule {
  const capability = draws.of(Object.keys(OPERATIONS));
  const effect = draws.of(["allow", "allow", "deny"] as const);
  const known = OPERATIONS[capability] ?? [];
  const operations = [...new Set(draws.some(1, 2, () => draws.of(known)))];
  const rule = { id, effect, capability, ...(draws.below(3) > 0 && { operations }) };
  return effect === "deny" && draws.below(8) === 0
    ? rule
    : { ...rule, ...scopeOf(draws, capability) };
}

function scopeOf(draws: Draws, capability: string): Partial<WrittenRule> {
  switch (capability) {
    case "filesystem":
      return { paths: draws.some(1, 3, () => pathPattern(draws)) };
    case "network":
      return { hosts: draws.some(1, 3, () => `${draws.of(HOSTS)}:${draws.of(PORTS)}`) };
    case "subprocess":
      return { commands: draws.some(1, 3, () => command(draws)) };
    case "import":
      return { modules: draws.some(1, 3, () => draws.of(MODULES)) };
    case "tool":
      return { tools: draws.some(1, 3, () => draws.of(TOOLS)) };
    case "random":
      return {};
    default:
      return { targets: draws.some(1, 3, () => draws.of(TARGETS)) };
  }
}

function pathPattern(draws: Draws): string {
  const segments = draws.some(1, 4, () => draws.of(SEGMENTS)).join("/");
  return segments.startsWith("**/") && draws.below(2) === 0 ? segments : `/${segments}`;
}

function command(draws: Draws): WrittenCommand {
  const path = draws.of(COMMANDS);
  if (draws.below(4) === 0) return draws.of([path, "*"]);
  return { path, args: draws.some(0, 4, () => draws.of(ARGUMENTS)) };
}

/** A request of one of the rules' capabilities, mostly one that a pattern covers, or covers but for one character. */
export function randomRequest(
  draws: Draws,
  rules: readonly WrittenRule[],
  cell: string,
): OracleRequest {
  const rule = draws.below(16) === 0 ? randomRule(draws, "other") : draws.of(rules);
  const { capability } = rule;
  const operation = draws.below(30) === 0 ? "other" : draws.of(OPERATIONS[capability] ?? []);
  const asked = { capability, operation };
  switch (capability) {
    case "filesystem": {
      const pattern = draws
        .of(rule.paths ?? ["/a/*"])
        .replaceAll("${cell}", draws.of([cell, draws.of(CELLS)]));
      const rooted = pattern.startsWith("/") ? pattern : `/${pattern}`;
      return {
        ...asked,
        target: spoilt(
          draws,
          filled(draws, rooted, () => draws.some(0, 2, () => draws.of(["a", "b", ".a"])).join("/")),
        ),
      };
    }
    case "network":
      return {
        ...asked,
        target: `${draws.of(HOSTS_ASKED)}:${draws.of(["80", "443", "8443", "0", "65536", "x", ""])}`,
      };
    case "subprocess": {
      const one = draws.of(rule.commands ?? ["/a"]);
      if (typeof one === "string")
        return {
          ...asked,
          target: one === "*" ? "/c" : one,
          args: draws.some(0, 2, () => draws.of(PIECES)),
        };
      const args = one.args.flatMap((argument) =>
        argument === "**"
          ? draws.some(0, 3, () => draws.of(PIECES))
          : [filled(draws, argument, () => draws.of(PIECES))],
      );
      const target = draws.below(20) === 0 ? draws.of(COMMANDS) : one.path;
      if (args.length === 0 && draws.below(2) === 0) return { ...asked, target };
      return { ...asked, target, args: draws.below(8) === 0 ? [...args, draws.of(PIECES)] : args };
    }
    case "import":
      return {
        ...asked,
        target: draws.below(4) === 0 ? draws.of(PLACES) : draws.of(MODULES).replace("*", "c"),
      };
    case "random":
      return { ...asked, target: "" };
    default: {
      const pattern = draws.of(rule.tools ?? rule.targets ?? ["a.*"]);
      return {
        ...asked,
        target: spoilt(
          draws,
          filled(draws, pattern, () => draws.of(PIECES)),
        ),
      };
    }
  }
}

/** A pattern with texts in the place of its stars. */
function filled(draws: Draws, pattern: string, rest: () => string): string {
  return pattern.replaceAll(/\*+/g, (stars) => (stars === "**" ? rest() : draws.of(PIECES)));
}

/** One text in four with a piece more, less or another somewhere. */
function spoilt(draws: Draws, text: string): string {
  if (draws.below(4) > 0) return text;
  const at = draws.below(text.length + 1);
  const spoiler = draws.below(3) === 0 ? "" : draws.of(SPOILERS);
  return text.slice(0, at) + spoiler + text.slice(at + draws.below(2));
}
