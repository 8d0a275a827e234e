import { isCapabilityName } from "./identifier.ts";
import { CAPABILITIES, OPERATIONS } from "./vocabulary.ts";

/** A service's own capabilities, each with its operations: `{ database: ["query", "write"] }`. */
export type OwnCapabilities = Readonly<Record<string, readonly string[]>>;

/** Most capabilities that a policy may declare. A recorder has the same bound, because each takes two series from the start. */
export const MAX_CAPABILITIES = 100;
/** Most operations of a declared capability. Operations that occur in different rules need an index each. */
export const MAX_OPERATIONS = 32;

/** Whether a name is a built-in capability's, so that no policy can declare it. */
export function isBuiltIn(name: string): boolean {
  return CAPABILITIES.some((capability) => capability === name);
}

/** Whether a policy can declare a capability of this name. */
export function isOwnName(name: string): boolean {
  return isCapabilityName(name) && !isBuiltIn(name);
}

/**
 * The operations of a capability: a built-in one's, else those that are declared; undefined for any other text.
 *
 * @param own Undefined where a caller without types passes an object that is not a policy.
 */
export function operationsOf(
  capability: string,
  own: OwnCapabilities | undefined,
): readonly string[] | undefined {
  const all: OwnCapabilities | undefined = isBuiltIn(capability) ? OPERATIONS : own;
  return all !== undefined && Object.hasOwn(all, capability) ? all[capability] : undefined;
}
