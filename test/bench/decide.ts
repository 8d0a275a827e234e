import { decide, parsePolicy, type Request } from "@pyisolate/policy";

import { linearDecide } from "../../packages/policy/src/testing/linear-decide.ts";
import { median, pairedRatio, sideBySide, timed } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";

const SIZES = [10, 100, 10_000] as const;

/** Requests of a guest in a service with many tenants: allowed, denied by a rule, and nearly granted. */
const REQUESTS = [
  "/srv/tenants/t7/data/report.csv",
  "/srv/tenants/t7/data/.env",
  "/srv/tenants/t7/date",
].map((target): Request => ({ capability: "filesystem", operation: "read", target }));

/** `decide` with 10, 100 and 10,000 rules, beside asking each rule in turn. */
export async function decideBySize(rounds: number): Promise<Figure[]> {
  const cases = SIZES.flatMap((size) => {
    const policy = policyOf(size);
    const linear = linearDecide(policy);
    return [
      {
        name: `index, ${size} rules`,
        run: (times: number) =>
          timed(times, () => REQUESTS.forEach((each) => decide(policy, each))),
      },
      {
        name: `each rule in turn, ${size} rules`,
        // Fewer requests: each asks every rule, and as many as the index answers would take minutes.
        run: (times: number) =>
          timed(Math.max(3, Math.ceil((times * 10) / size)), () => REQUESTS.forEach(linear)),
      },
    ];
  });
  const samples = await sideBySide(cases, { rounds, times: 2_000 });
  const of = (name: string): readonly number[] =>
    (samples.get(name) ?? []).map((nanoseconds) => nanoseconds / REQUESTS.length);
  printMedians(
    "decide, one request",
    new Map([...samples.keys()].map((name) => [name, median(of(name))])),
    "ns",
  );
  const figures = SIZES.slice(1).map((size) => ({
    what: `decide: ${size} rules against 10`,
    value: pairedRatio(of(`index, ${size} rules`), of("index, 10 rules")),
    unit: "x" as const,
    target: 3,
  }));
  return [
    ...figures,
    {
      what: "decide with 10000 rules: each rule in turn against the index",
      value: pairedRatio(of("each rule in turn, 10000 rules"), of("index, 10000 rules")),
      unit: "x",
      target: 100,
      atLeast: true,
    },
  ];
}

function policyOf(size: number): ReturnType<typeof parsePolicy> {
  const tenants = Array.from({ length: size - 1 }, (_, at) => ({
    id: `t${at}`,
    effect: "allow",
    capability: "filesystem",
    operations: at % 2 === 0 ? ["read", "list"] : ["read", "write"],
    paths: [`/srv/tenants/t${at}/data/**`],
  }));
  const secrets = { id: "dotenv", effect: "deny", capability: "filesystem", paths: ["**/.env"] };
  return parsePolicy({ version: 1, name: "tenants", rules: [...tenants, secrets] });
}
