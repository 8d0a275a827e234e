import { cleanText } from "@pyisolate/policy";

import type { KernelPlan } from "./plan.ts";
import { type Grant, RIGHTS } from "./rights.ts";

/** Longest line of the printed form, UTF-16 code units. */
const MAX_LINE = 400;

/** Writes the plan for people: each rule with how the kernel enforces it, then everything that the kernel lets through. */
export function printKernelPlan(plan: KernelPlan): string {
  const width = Math.max(...plan.rules.map(({ rule }) => rule.id.length), 1);
  const lines = [`Kernel plan of the policy ${plan.policyName} (${plan.policyHash})`, ""];
  for (const { rule, hold, notes } of plan.rules) {
    const indent = " ".repeat(width + 4);
    lines.push(`  ${rule.id.padEnd(width)}  ${rule.effect} ${rule.capability}: ${hold}`);
    for (const note of notes) lines.push(`${indent}- ${note}`);
  }
  lines.push("", "The kernel lets a cell reach at most:");
  lines.push(`  paths     ${plan.paths.length === 0 ? "none" : ""}`.trimEnd());
  for (const grant of plan.paths) lines.push(`    ${grant.path}  (${rightsInWords(grant)})`);
  lines.push(`  TCP       ${listed(plan.ports, "no port", "any port")}`);
  lines.push(`  commands  ${listed(plan.commands, "none: no process can be made", "any")}`);
  lines.push("and besides, to read and run itself, the files of Node and of the cell's own code.");
  return `${lines.map((line) => cleanText(line, MAX_LINE)).join("\n")}\n`;
}

function listed(values: readonly (string | number)[] | "all", none: string, all: string): string {
  if (values === "all") return all;
  return values.length === 0 ? none : values.join(", ");
}

function rightsInWords({ rights }: Grant): string {
  return Object.entries(RIGHTS)
    .filter(([, right]) => (rights & right) !== 0)
    .map(([name]) => name)
    .join(" ");
}
