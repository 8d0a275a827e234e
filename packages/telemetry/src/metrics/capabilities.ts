import type { OwnCapabilities } from "@pyisolate/policy";
import { CAPABILITIES, isCapabilityName } from "@pyisolate/policy/events";
import { isRecord, mustBe, type OptionCheck } from "@pyisolate/policy/options";

/** Each is two series of `pyisolate.decisions`, from the start. As many as a policy can declare. */
const MAX_CAPABILITIES = 100;

export const OWN_CAPABILITIES: OptionCheck = mustBe(
  `an object of at most ${MAX_CAPABILITIES} capabilities, each with a list of its operations, such as { database: ["query"] }; ` +
    'a name begins with a letter or digit, then letters, digits, ".", "_" and "-", at most 64',
  (value) =>
    isRecord(value) &&
    Reflect.ownKeys(value).length <= MAX_CAPABILITIES &&
    Reflect.ownKeys(value).every(isCapabilityName) &&
    Object.values(value).every(
      (operations: unknown) =>
        Array.isArray(operations) && operations.length > 0 && operations.every(isCapabilityName),
    ),
);

/** The capabilities that have series of their own: the built-in ones, and those that the service declares. */
export function knownCapabilities(own: OwnCapabilities = {}): ReadonlySet<string> {
  return new Set([...CAPABILITIES, ...Object.keys(own)]);
}
