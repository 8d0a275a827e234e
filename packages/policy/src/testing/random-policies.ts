import { type CommandScope, OPERATIONS, type Policy, type Request } from "../index.ts";
import { scopeKeyOf } from "../match/scope.ts";
import { GUARDED_CAPABILITIES } from "../vocabulary.ts";
import { DECLARED, policyOf, type RuleDocument } from "./arbitraries.ts";

/** The operations of each capability that rules can grant, built in or declared. */
const ALL: Readonly<Record<string, readonly string[]>> = { ...OPERATIONS, ...DECLARED };
const CAPABILITIES = [...GUARDED_CAPABILITIES, ...Object.keys(DECLARED)];
const SEGMENTS = ["a", "b", "ab", "abc", "srv", ".env", "...", "x.js", "x.jsx", "srv2", "é", "a b"];
const STARS = ["*", "**", "**", "a*", "*b", "*.js", "a*b*", "*b*", "*a*b", "srv*", "*.js*"];
const LABELS = ["a", "b", "ab", "api", "www", "example", "com", "org", "xn--bcher-kva"];
const PORTS = ["1", "80", "443", "8443", "65535"];
const ADDRESSES = [
  "127.0.0.1",
  "10.1.2.3",
  "10.1.3.3",
  "192.168.0.9",
  "[::1]",
  "[fd00::1]",
  "[fd00:1::1]",
];
const BLOCKS = [
  "10.0.0.0/8",
  "10.1.2.0/24",
  "10.1.2.3/32",
  "0.0.0.0/0",
  "[fd00::]/8",
  "[fd00::]/17",
  "[::]/0",
  "[::1]/128",
  "192.168.0.8/30",
];
const ARGUMENTS = ["log", "-c", "--x=a/b", "a", "ab", "abc", "", "a b", "é", "**", "/", ".."];
const ARGUMENT_PATTERNS = ["*", "**", "**", "a*", "*b", "--x=*", "*a*b*", "*/*", "log", "", "-c"];
const TOOLS = ["a", "b", "ab", "crm", "$", "_x1"];
const MODULES = [
  "fs",
  "node:fs",
  "node:fs/promises",
  "fs/promises",
  "lodash",
  "lodash/fp",
  "@a/b",
  "@a/bc",
  "node:test",
];

const WORDS = ["reports", "re", "daily", "a", "ab", "b", "é", "crm", "x"];
const MARKS = [".", ".", "/", ":", ""];

/** Policies of many rules whose patterns share their parts, and requests that hit them or miss by little. */
export class RandomPolicies {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  policy(): Policy {
    const size = this.#pick([0, 1, 2, 3, 8, 30, 120]);
    // Mostly one capability, so that many rules meet.
    const main = this.#pick(CAPABILITIES);
    return policyOf(Array.from({ length: size }, () => this.#rule(main)));
  }

  request(policy: Policy): Request {
    const rule =
      policy.rules.length > 0 && this.#chance(9, 10) ? this.#pick(policy.rules) : undefined;
    const capability = rule?.capability ?? this.#pick(CAPABILITIES);
    const operation = this.#pick(ALL[capability] ?? []);
    if (capability === "subprocess") return this.#run(rule?.commands ?? [], operation);
    const patterns = rule?.paths ?? rule?.hosts ?? rule?.modules ?? rule?.tools ?? rule?.targets;
    const target =
      patterns !== undefined && this.#chance(2, 3)
        ? this.#near(this.#pick(patterns))
        : this.#target(capability);
    return { capability, operation, target };
  }

  /** A command line that one of the commands covers, or nearly. */
  #run(commands: readonly CommandScope[], operation: Request["operation"]): Request {
    const near =
      commands.length > 0 && this.#chance(2, 3) ? this.#pick(commands) : this.#target("subprocess");
    const path = typeof near === "string" ? near : near.path;
    const target = this.#near(path);
    if (typeof near === "string" && this.#chance(1, 3))
      return { capability: "subprocess", operation, target };
    const drawn = (): string => this.#pick(ARGUMENTS);
    const args =
      typeof near === "string"
        ? this.#some(0, 4, drawn)
        : near.args.flatMap((entry) =>
            entry === "**"
              ? this.#some(0, 3, drawn)
              : [entry.replaceAll("*", () => this.#pick(["", "a", "b", "ab", "/"]))],
          );
    if (this.#chance(1, 3)) args.splice(this.#below(args.length + 1), this.#below(2), drawn());
    return { capability: "subprocess", operation, target, args };
  }

  #rule(main: string): RuleDocument {
    const capability = this.#chance(4, 5) ? main : this.#pick(CAPABILITIES);
    const effect = this.#chance(2, 3) ? "allow" : "deny";
    const operations = (ALL[capability] ?? []).filter(() => this.#chance(1, 2));
    const key = scopeKeyOf(capability);
    const scoped = key !== undefined && !(effect === "deny" && this.#chance(1, 20));
    return {
      effect,
      capability,
      ...(operations.length === 0 || this.#chance(1, 3) ? {} : { operations }),
      ...(scoped && {
        [key]: this.#some(1, 4, () => this.#pattern(capability)),
      }),
    };
  }

  #pattern(capability: string): CommandScope {
    if (Object.hasOwn(DECLARED, capability)) {
      const parts = this.#words(() => this.#pick(this.#chance(1, 3) ? ["*", "**"] : WORDS));
      return parts.replace(/\*{3,}/g, "**") || "**";
    }
    if (capability === "subprocess" && this.#chance(1, 2)) {
      const draw = (): string => this.#pick(this.#chance(1, 2) ? ARGUMENT_PATTERNS : ["log", "a"]);
      return { path: this.#command(), args: this.#some(0, 5, draw) };
    }
    if (capability === "filesystem") {
      const parts = this.#some(1, 6, () => this.#pick(this.#chance(1, 3) ? STARS : SEGMENTS));
      return parts[0] === "**" && this.#chance(1, 2) ? parts.join("/") : `/${parts.join("/")}`;
    }
    if (capability === "network") {
      const host = this.#pick([
        () => this.#name(),
        () => this.#name(),
        () => `*.${this.#name()}`,
        () => "*",
        () => this.#pick(ADDRESSES),
        () => this.#pick(BLOCKS),
        () => this.#name().toUpperCase(),
      ])();
      return `${host}:${this.#chance(1, 4) ? "*" : this.#pick(PORTS)}`;
    }
    if (capability === "tool") {
      return this.#some(1, 3, () => this.#pick(["*", "**", "a*", "*b", ...TOOLS])).join(".");
    }
    if (this.#chance(1, 15)) return "*";
    return capability === "import" ? this.#pick(MODULES) : this.#command();
  }

  #command(): string {
    return `/${this.#some(1, 3, () => this.#pick(SEGMENTS.filter((name) => !name.includes(" ")))).join("/")}`;
  }

  #target(capability: string): string {
    if (Object.hasOwn(DECLARED, capability)) {
      return this.#chance(1, 30) ? "a\0b" : this.#words(() => this.#pick(WORDS));
    }
    if (this.#chance(1, 30))
      return this.#pick(["", "/", "x", "/a//b", "/a/../b", ":80", "a:0", "[::1]", "\0", "/."]);
    if (capability === "network") {
      const host = this.#chance(1, 3) ? this.#pick(ADDRESSES) : this.#name();
      return `${host}:${this.#pick(PORTS)}`;
    }
    if (capability === "import") return this.#pick(MODULES);
    if (capability === "tool") return this.#some(1, 3, () => this.#pick(TOOLS)).join(".");
    return `/${this.#some(0, 7, () => this.#pick(SEGMENTS)).join("/")}`;
  }

  /** A target that a pattern covers, or nearly: its stars filled in, and perhaps one thing changed. */
  #near(pattern: string): string {
    let target = pattern
      .replace(/(^|\/)\*\*/g, () => this.#some(0, 3, () => `/${this.#pick(SEGMENTS)}`).join(""))
      .replace(/\/[0-9]+:/, ":")
      .replace(/\*$/, () => (pattern.includes(":") ? this.#pick(PORTS) : this.#pick(SEGMENTS)))
      .replaceAll("*", () => this.#pick(["", "a", "b", "ab"]));
    if (!target.startsWith("/") && pattern.startsWith("/")) target = `/${target}`;
    if (this.#chance(1, 2)) return target;
    const at = this.#below(target.length + 1);
    return this.#pick([
      () => target.slice(0, at) + this.#pick(["a", "b", "/", ".", "x", "1"]) + target.slice(at),
      () => target.slice(0, at) + target.slice(at + 1),
      () => `${target}/`,
      () => `${target}/${this.#pick(SEGMENTS)}`,
      () => target.slice(0, at),
      () => target.toUpperCase(),
    ])();
  }

  #words(draw: () => string): string {
    return this.#some(1, 5, () => draw() + this.#pick(MARKS)).join("");
  }

  #name(): string {
    return this.#some(1, 4, () => this.#pick(LABELS)).join(".");
  }

  #some<T>(least: number, most: number, draw: () => T): T[] {
    return Array.from({ length: least + this.#below(most - least + 1) }, draw);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #chance(times: number, of: number): boolean {
    return this.#below(of) < times;
  }

  /** A whole number from 0 below a bound: mulberry32, so that a seed gives the same run anywhere. */
  #below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }
}
