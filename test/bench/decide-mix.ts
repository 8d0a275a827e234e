import { decide, parsePolicy, type Policy, type Request } from "@pyisolate/policy";

import { cpuTimed, median, sideBySide } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";

const SIZES = [10, 100, 10_000] as const;

interface Kind {
  readonly rule: (at: number) => Readonly<Record<string, unknown>>;
  /** One that is allowed or refused by a rule, and those that come near to one. */
  readonly requests: readonly Request[];
}

const file = (target: string): Request => ({ capability: "filesystem", operation: "read", target });
const files = (...paths: string[]) => ({
  effect: "allow",
  capability: "filesystem",
  operations: ["read", "list"],
  paths,
});
const connect = (target: string): Request => ({
  capability: "network",
  operation: "connect",
  target,
});
const git = (...args: string[]): Request => ({
  capability: "subprocess",
  operation: "exec",
  target: "/usr/bin/git",
  args,
});
const query = (target: string): Request => ({
  capability: "database",
  operation: "query",
  target,
});

/** What the rules of a service with many tenants are like. Every rule of a policy is of one of these kinds, in turn. */
const KINDS: Readonly<Record<string, Kind>> = {
  folders: {
    rule: (at) => files(`/srv/tenants/t${at}/data/**`),
    requests: ["data/a.csv", "date/a.csv"].map((rest) => file(`/srv/tenants/t0/${rest}`)),
  },
  "files of one ending": {
    rule: (at) => files(`/srv/in/t${at}/*.csv`),
    requests: ["a.csv", "a.tsv"].map((name) => file(`/srv/in/t1/${name}`)),
  },
  "names with a text between stars": {
    rule: (at) => files(`/srv/logs/app-*-t${at}-*.log`),
    requests: ["t2", "tx"].map((tenant) => file(`/srv/logs/app-1-${tenant}-2.log`)),
  },
  "names in any folder": {
    rule: (at) => ({ effect: "deny", capability: "filesystem", paths: [`**/.key-${at}`] }),
    requests: [".key-3", ".key-x"].map((name) => file(`/srv/tenants/t0/data/${name}`)),
  },
  hosts: {
    rule: (at) => ({ effect: "allow", capability: "network", hosts: [`t${at}.example.com:443`] }),
    requests: ["t4.example.com:443", "t4.example.com:80", "tx.example.com:443"].map(connect),
  },
  "names below a host": {
    rule: (at) => ({ effect: "allow", capability: "network", hosts: [`*.t${at}.example.org:*`] }),
    requests: ["a.t5.example.org:443", "a.tx.example.org:443"].map(connect),
  },
  "IPv6 addresses": {
    rule: (at) => ({
      effect: "allow",
      capability: "network",
      hosts: [`[2001:db8:${at.toString(16)}::1]:443`],
    }),
    requests: [
      "[2001:db8:6::1]:443",
      "[2001:db8:6::1]:80",
      "[2606:4700:4700:1234:5678:9abc:def0:1]:443",
    ].map(connect),
  },
  "IPv6 blocks": {
    rule: (at) => ({
      effect: "allow",
      capability: "network",
      hosts: [`[2001:db9:${at.toString(16)}::]/48:443`],
    }),
    requests: [
      "[2001:db9:7:0:0:0:0:1]:443",
      "[2001:db9:7::1]:80",
      "[2606:4700:4700:1234:5678:9abc:def0:1]:443",
    ].map(connect),
  },
  commands: {
    rule: (at) => ({
      effect: "allow",
      capability: "subprocess",
      commands: [{ path: "/usr/bin/git", args: ["-C", `/srv/t${at}`, "log", "**"] }],
    }),
    requests: ["log", "push"].map((verb) => git("-C", "/srv/t8", verb, "-1")),
  },
  "targets of its own": {
    rule: (at) => ({ effect: "allow", capability: "database", targets: [`t${at}.reports.**`] }),
    requests: ["t9.reports.daily", "t9.report", "t9.secrets"].map(query),
  },
};

/** `decide` on policies of ten kinds of rules: for each kind what is granted, and near denials. */
export async function decideMixed(rounds: number): Promise<Figure[]> {
  const cases = SIZES.flatMap((size) => {
    const policy = policyOf(size);
    return Object.entries(KINDS).flatMap(([kind, { requests }]) =>
      requests.map((request, at) => ({
        name: `${size} rules, ${kind}: ${at === 0 ? "decided by a rule" : `near denial ${at}`}`,
        run: (times: number) => cpuTimed(times, () => void decide(policy, request)),
      })),
    );
  });
  const samples = await sideBySide(cases, { rounds, times: 10_000 });
  const medians = new Map([...samples].map(([name, own]) => [name, median(own)]));
  printMedians("decide on a mix of rules, one request", medians, "ns");
  const largest = [...medians].filter(([name]) => name.startsWith(`${SIZES.at(-1)} `));
  const times = largest.map(([, nanoseconds]) => nanoseconds);
  return [
    {
      what: "decide with 10000 mixed rules: the median request",
      value: median(times) / 1000,
      unit: "us",
      target: 1,
    },
    {
      what: "decide with 10000 mixed rules: the slowest request",
      value: Math.max(...times) / 1000,
      unit: "us",
      target: 1,
    },
  ];
}

function policyOf(size: number): Policy {
  const kinds = Object.values(KINDS);
  const rules = Array.from({ length: size }, (_, at) => ({
    id: `r${at}`,
    ...kinds[at % kinds.length]?.rule(at),
  }));
  return parsePolicy({
    version: 1,
    name: "mix",
    capabilities: { database: ["query"] },
    rules,
  });
}
