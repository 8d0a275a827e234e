import type { Policy, PolicyIssue } from "@pyisolate/policy";

import type { Terminal } from "./terminal.ts";

/** A policy file, read: a policy, or every mistake that it has. */
export type PolicyFile =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] };

/** Reads a policy file. A mistake is a result here; whatever else goes wrong is thrown. */
export async function readPolicyFile(file: string): Promise<PolicyFile> {
  const { InvalidPolicyError, loadPolicy } = await import("@pyisolate/policy");
  try {
    return { ok: true, policy: await loadPolicy(file) };
  } catch (error) {
    if (error instanceof InvalidPolicyError) return { ok: false, issues: error.issues };
    throw error;
  }
}

/** The policy of a command that needs one; undefined, and each mistake told on standard error, where the file has mistakes. */
export async function policyOrMistakes(
  file: string,
  terminal: Terminal,
): Promise<Policy | undefined> {
  const read = await readPolicyFile(file);
  if (read.ok) return read.policy;
  for (const issue of read.issues) terminal.note(mistakeLine(file, issue), "bad");
  return undefined;
}

/** `file:line: where: what`, the form that editors and CI jump to. */
export function mistakeLine(file: string, { path, line, message }: PolicyIssue): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return [place, ...(path === "" ? [] : [path]), message].join(": ");
}
