import { denialEvent, type DenialEvent, type DenialInput } from "@pyisolate/policy";

/** A denial like any other, but for what the test says. */
export function aDenial(input: Partial<DenialInput> = {}): DenialEvent {
  return denialEvent({
    cell: "tenant-a",
    capability: "filesystem",
    operation: "read",
    target: "/etc/shadow",
    ...input,
  });
}

/** The turn in which a drain runs has passed. */
export async function aTurn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
