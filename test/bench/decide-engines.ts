import { decide, parsePolicy } from "@pyisolate/policy";

import { CEDAR } from "./cedar-engine.ts";
import { type Engine, type Tenants, tenantsOf } from "./engines.ts";
import { cpuTimed, median, pairedRatio, sideBySide } from "./measure.ts";
import { opaEngine } from "./opa-engine.ts";
import { type Figure, printMedians } from "./report.ts";

const SIZES = [10, 100, 10_000] as const;

/** Allowed, refused by a rule, and nearly granted: by the folder, and by the operation. */
const REQUESTS = [
  ["read", "/srv/tenants/t7/data/report.csv"],
  ["read", "/srv/tenants/t7/data/.env"],
  ["read", "/srv/tenants/t7/date"],
  ["write", "/srv/tenants/t6/data/report.csv"],
] as const;
const ALLOWED = [true, false, false, false];

const OURS: Engine = {
  name: "decide",
  decider: async (tenants) => {
    const policy = parsePolicy({ version: 1, name: "tenants", rules: rulesOf(tenants) });
    return (operation, target) =>
      decide(policy, {
        capability: "filesystem",
        operation,
        target,
      }).effect === "allow";
  },
};

/**
 * `decide` beside Cedar's and OPA's WASM on the same policies. cerbos is none of them: its embedded engine takes only bundles that
 * Cerbos Hub builds, a service.
 */
export async function decideBesideOthers(rounds: number): Promise<Figure[]> {
  const engines = [OURS, CEDAR, await opaEngine()].filter((engine) => engine !== undefined);
  const prepared = engines.flatMap(({ name, decider }) =>
    SIZES.map(async (size) => {
      const decides = await decider(tenantsOf(size - 1));
      const said = REQUESTS.map(([operation, target]) => decides(operation, target));
      if (said.join() !== ALLOWED.join())
        throw new Error(`${name} decides otherwise: ${said.join()}`);
      return {
        name: `${name}, ${size} rules`,
        run: (times: number) => {
          // Others ask every rule: as many requests as `decide` answers would take minutes.
          const fewer = name === OURS.name ? times : Math.max(1, Math.ceil(times / (20 + size)));
          const ask = (): void => {
            for (const [operation, target] of REQUESTS) decides(operation, target);
          };
          return cpuTimed(fewer, ask) / REQUESTS.length;
        },
      };
    }),
  );
  const samples = await sideBySide(await Promise.all(prepared), { rounds, times: 2_000 });
  printMedians(
    "decisions by equivalent policies, one request",
    new Map([...samples].map(([name, own]) => [name, median(own)])),
    "ns",
  );
  const of = (name: string, size: number): readonly number[] =>
    samples.get(`${name}, ${size} rules`) ?? [];
  return engines
    .filter((engine) => engine !== OURS)
    .flatMap(({ name }) =>
      SIZES.map((size) => ({
        what: `a decision by ${size} rules: ${name} / decide`,
        value: pairedRatio(of(name, size), of(OURS.name, size)),
        unit: "x" as const,
        target: 1,
        atLeast: true,
      })),
    );
}

function rulesOf(tenants: Tenants): readonly unknown[] {
  const rules = tenants.map(({ prefix, operations }, at) => ({
    id: `t${at}`,
    effect: "allow",
    capability: "filesystem",
    operations,
    paths: [`${prefix}**`],
  }));
  const dotenv = { id: "dotenv", effect: "deny", capability: "filesystem", paths: ["**/.env"] };
  return [...rules, dotenv];
}
