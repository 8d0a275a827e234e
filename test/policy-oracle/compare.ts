import { decide, type Decision, parsePolicy, policyFor } from "@pyisolate/policy";

import { Draws } from "./draws.ts";
import { CELLS, randomRequest, randomRules } from "./random-cases.ts";
import {
  type OracleRequest,
  DECLARED,
  expectedOf,
  type Expected,
  type WrittenRule,
} from "./readme-matcher.ts";

const REQUESTS_A_POLICY = 100;

export interface Compared {
  readonly requests: number;
  readonly allowed: number;
  readonly denied: Readonly<Record<string, number>>;
  /** The first requests of which `decide` says something else than the README. */
  readonly differing: readonly Difference[];
}

interface Difference {
  readonly rules: readonly WrittenRule[];
  readonly cell: string;
  readonly asked: OracleRequest;
  readonly decision: Decision;
  readonly expected: Expected;
}

/** Decides random requests by `decide` and by the README's words. */
export function compareWithReadme(seed: number, requests: number, most = 5): Compared {
  const draws = new Draws(seed);
  const differing: Difference[] = [];
  const denied: Record<string, number> = {};
  let [asked, allowed] = [0, 0];
  while (asked < requests && differing.length < most) {
    const rules = randomRules(draws);
    const cell = draws.of(CELLS);
    const policy = policyFor(
      parsePolicy({ version: 1, name: "random", capabilities: DECLARED, rules }),
      cell,
    );
    for (let left = REQUESTS_A_POLICY; left > 0; left -= 1) {
      const request = randomRequest(draws, rules, cell);
      const decision = decide(policy, request);
      const expected = expectedOf(rules, cell, request);
      asked += 1;
      if (decision.effect === "allow") allowed += 1;
      else denied[decision.reason] = (denied[decision.reason] ?? 0) + 1;
      if (!agree(decision, expected))
        differing.push({ rules, cell, asked: request, decision, expected });
    }
  }
  return { requests: asked, allowed, denied, differing };
}

function agree(decision: Decision, { effect, rule, reasons, nearest }: Expected): boolean {
  if (decision.effect !== effect) return false;
  if (rule !== undefined && decision.rule !== rule) return false;
  if (decision.effect === "allow") return true;
  if (reasons !== undefined && !reasons.includes(decision.reason)) return false;
  const { nearestRule } = decision;
  if (nearest === undefined || nearestRule === undefined) return true;
  return nearest.includes(`${nearestRule.id} ${nearestRule.lacked}`);
}
