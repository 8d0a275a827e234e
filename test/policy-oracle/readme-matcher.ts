import {
  argumentsCover,
  isMalformedTarget,
  isToolName,
  moduleName,
  pathCovers,
  pathSegments,
  targetCovers,
  toolCovers,
} from "./globs.ts";
import { endpointOf, hostCovers } from "./hosts.ts";

/** What the random policies declare themselves. */
export const DECLARED: Readonly<Record<string, readonly string[]>> = {
  database: ["query", "write"],
};

export const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  filesystem: ["read", "write", "list", "stat", "remove"],
  network: ["connect"],
  subprocess: ["exec"],
  random: ["read"],
  import: ["load"],
  tool: ["call"],
  ...DECLARED,
};

/** A rule as it stands in a policy's file. */
export interface WrittenRule {
  readonly id: string;
  readonly effect: "allow" | "deny";
  readonly capability: string;
  readonly operations?: readonly string[];
  readonly paths?: readonly string[];
  readonly hosts?: readonly string[];
  readonly commands?: readonly WrittenCommand[];
  readonly modules?: readonly string[];
  readonly tools?: readonly string[];
  readonly targets?: readonly string[];
}

export type WrittenCommand = string | { readonly path: string; readonly args: readonly string[] };

export interface OracleRequest {
  readonly capability: string;
  readonly operation: string;
  readonly target: string;
  readonly args?: readonly string[];
}

/** What the README says of a request. A rule or reasons left out are such as it does not settle. */
export interface Expected {
  readonly effect: "allow" | "deny";
  readonly rule?: string;
  readonly reasons?: readonly string[];
  /** Rules that may be named as the nearest, with what each lacks. */
  readonly nearest?: readonly string[];
}

/** Whether a rule covers a target; made once for each request, undefined for a target that is never allowed. */
type Covers = ((rule: WrittenRule) => boolean) | undefined;

/** The verdict of rules on a request of one cell, from the README's words alone. */
export function expectedOf(
  rules: readonly WrittenRule[],
  cell: string,
  asked: OracleRequest,
): Expected {
  // "All" operations are those of the capability: no rule decides another.
  if (!OPERATIONS[asked.capability]?.includes(asked.operation))
    return { effect: "deny", rule: "default" };
  const ofCapability = rules.filter((rule) => rule.capability === asked.capability);
  if (isDeclared(asked.capability) && isMalformedTarget(asked.target)) {
    // Whether a deny rule for everything is named before it is not said.
    return { effect: "deny", reasons: ["malformed", "explicit_deny"] };
  }
  const covers = coversOf(cell, asked);
  if (covers === undefined) return { effect: "deny" };
  const grants = (rule: WrittenRule) =>
    rule.operations === undefined || rule.operations.includes(asked.operation);
  const deciding = (effect: "allow" | "deny") =>
    ofCapability.find((rule) => rule.effect === effect && grants(rule) && covers(rule));
  const denied = deciding("deny");
  if (denied !== undefined) return { effect: "deny", rule: denied.id, reasons: ["explicit_deny"] };
  const allowed = deciding("allow");
  if (allowed !== undefined) return { effect: "allow", rule: allowed.id };
  const allows = ofCapability.filter(({ effect }) => effect === "allow");
  const wrongOperation = allows.filter((rule) => covers(rule));
  const outside = allows.filter(grants);
  const reasons = [
    ...(wrongOperation.length > 0 ? ["wrong_operation"] : []),
    ...(outside.length > 0 ? ["outside_scope"] : []),
  ];
  const nearest = [
    ...wrongOperation.map(({ id }) => `${id} operation`),
    ...outside.map(({ id }) => `${id} scope`),
  ];
  return {
    effect: "deny",
    rule: "default",
    reasons: reasons.length > 0 ? reasons : ["no_rule"],
    nearest,
  };
}

function isDeclared(capability: string): boolean {
  return Object.hasOwn(DECLARED, capability);
}

function coversOf(cell: string, { capability, target, args = [] }: OracleRequest): Covers {
  switch (capability) {
    case "filesystem": {
      const segments = pathSegments(target);
      return (
        segments &&
        scoped("paths", (path) =>
          pathCovers(
            path.replaceAll("${cell}", () => cell),
            segments,
          ),
        )
      );
    }
    case "network": {
      const endpoint = endpointOf(target);
      return endpoint && scoped("hosts", (host) => hostCovers(host, endpoint));
    }
    case "subprocess": {
      if (pathSegments(target) === undefined) return undefined;
      return scoped("commands", (command) => commandCovers(command, target, args));
    }
    case "import": {
      const name = moduleName(target);
      return name === undefined
        ? undefined
        : scoped("modules", (one) => one === "*" || moduleName(one) === name);
    }
    case "tool":
      return isToolName(target) ? scoped("tools", (tool) => toolCovers(tool, target)) : undefined;
    case "random":
      return () => true;
    default:
      return scoped("targets", (pattern) => targetCovers(pattern, target));
  }
}

function commandCovers(command: WrittenCommand, path: string, args: readonly string[]): boolean {
  if (typeof command === "string") return command === "*" || command === path;
  return command.path === path && argumentsCover(command.args, args);
}

/** A rule covers what one of its patterns covers; a deny rule without a scope everything of its capability. */
function scoped<Scope extends "paths" | "hosts" | "commands" | "modules" | "tools" | "targets">(
  scope: Scope,
  covers: (pattern: NonNullable<WrittenRule[Scope]>[number]) => boolean,
): (rule: WrittenRule) => boolean {
  return (rule) => {
    const patterns: readonly NonNullable<WrittenRule[Scope]>[number][] | undefined = rule[scope];
    return patterns === undefined ? true : patterns.some(covers);
  };
}
