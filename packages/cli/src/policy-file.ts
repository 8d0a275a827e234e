import type { Policy, PolicyIssue } from "@pyisolate/policy";

import type { Terminal } from "./terminal.ts";

/** The result of reading a policy file: a policy, or all of its mistakes. */
export type PolicyFile =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] };

/** Reads a policy file. Mistakes in the policy are a result; any other failure is thrown. */
export async function readPolicyFile(file: string): Promise<PolicyFile> {
  const { InvalidPolicyError, loadPolicy } = await import("@pyisolate/policy");
  try {
    return { ok: true, policy: await loadPolicy(file) };
  } catch (error) {
    if (error instanceof InvalidPolicyError) return { ok: false, issues: error.issues };
    throw error;
  }
}

/** Reads the policy of a command that needs one. If the file has mistakes, prints each on standard error and returns undefined. */
export async function policyOrMistakes(
  file: string,
  terminal: Terminal,
): Promise<Policy | undefined> {
  return policyOf(await readPolicyFile(file), file, terminal);
}

/** The policy that was read. If the file has mistakes, prints each on standard error and returns undefined. */
export function policyOf(read: PolicyFile, file: string, terminal: Terminal): Policy | undefined {
  if (read.ok) return read.policy;
  for (const issue of read.issues) terminal.note(mistakeLine(file, issue), "bad");
  return undefined;
}

/** Writes a mistake as `file:line: where: what`, from which editors and CI can jump to the line. */
export function mistakeLine(file: string, { path, line, message }: PolicyIssue): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return [place, ...(path === "" ? [] : [path]), message].join(": ");
}
