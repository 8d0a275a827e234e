import { denialEvent, type DenialEvent, type DenialInput } from "@pyisolate/policy";

/** An ordinary denial, with the fields that the test gives. */
export function aDenial(input: Partial<DenialInput> = {}): DenialEvent {
  return denialEvent({
    cell: "tenant-a",
    capability: "filesystem",
    operation: "read",
    target: "/etc/shadow",
    ...input,
  });
}

/** Resolves after the turn in which a scheduled drain runs. */
export async function aTurn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
