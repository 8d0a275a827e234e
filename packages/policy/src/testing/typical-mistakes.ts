const HEAD = "version: 1\nname: x\n";

/** A policy of one rule, in one line. */
function rule(capability: string, rest: string): string {
  return `${HEAD}rules:\n  - { id: a, effect: allow, capability: ${capability}, ${rest} }\n`;
}

const paths = (text: string) => rule("filesystem", `paths: [${text}]`);
const hosts = (text: string) => rule("network", `hosts: [${text}]`);
const commands = (text: string) => rule("subprocess", `commands: [${text}]`);
const modules = (text: string) => rule("import", `modules: [${text}]`);
const list = (capability: string, key: string, entry: string) =>
  `${HEAD}rules:\n  - id: a\n    effect: allow\n    capability: ${capability}\n    ${key}:\n      - ${entry}\n`;
const limits = (text: string) => `${HEAD}rules: []\nlimits: { ${text} }\n`;

/** Policies with the mistakes that people make, each with one. */
export const TYPICAL_MISTAKES: readonly string[] = [
  `version: "1"\nname: x\nrules: []\n`,
  `version: "1.0"\nname: x\nrules: []\n`,
  "version: 1.1\nname: x\nrules: []\n",
  "version: v1\nname: x\nrules: []\n",
  "name: x\nrules: []\n",
  "version: 1\nrules: []\n",
  "version: 1\nname: 5\nrules: []\n",
  "version: 1\nname: x\n",
  "version: 1\nname: x\nrules:\n",
  "version: 1\nname: x\nrules:\n  data: { effect: allow, capability: random }\n",
  "apiVersion: 1\nname: x\nrules: []\n",
  list("filesystem", "paths", "**/.env"),
  list("filesystem", "paths", "*.csv"),
  list("filesystem", "paths", "/srv/a: b"),
  list("network", "hosts", "*"),
  list("network", "hosts", "*:443"),
  list("network", "hosts", "*.example.com:443"),
  list("network", "hosts", "[::1]:443"),
  list("import", "modules", "@scope/name"),
  list("filesystem", "paths", "!/srv/secret"),
  paths('"!/srv/secret"'),
  paths('"~/data"'),
  paths('"$HOME/data"'),
  paths('"./data"'),
  paths('"data/**"'),
  paths('"/srv/data/"'),
  paths('"/srv/**.csv"'),
  paths('"/srv/*.{csv,json}"'),
  paths('"^/srv/.*$"'),
  paths('"file:///srv/data"'),
  paths('"C:\\\\data"'),
  paths('"/srv//data"'),
  hosts("a.com"),
  hosts('"a.com:80-90"'),
  hosts('"a.com:80,443"'),
  hosts('"a.com:https"'),
  hosts('"a.com:443/v1"'),
  hosts('"a.com/v1"'),
  hosts('"https://a.com"'),
  hosts('".a.com:443"'),
  hosts('"10.0.0.0/8"'),
  hosts('"2001:db8::1:443"'),
  hosts('"10.1.2.3/8:443"'),
  commands('"git"'),
  commands('"/usr/bin/"'),
  commands('"/usr/bin/git status"'),
  commands('"/usr/bin/git -c x=y log"'),
  commands('"/bin/sh -c /tmp/x"'),
  commands('"/usr/bin/*"'),
  modules('"./lib.mjs"'),
  modules('"file:lib.mjs"'),
  modules('"lodash/*"'),
  rule("fs", 'paths: ["/srv"]'),
  rule("filesystem", 'path: "/srv"'),
  rule("filesystem", 'operations: read, paths: ["/srv"]'),
  rule("filesystem", 'operations: ["*"], paths: ["/srv"]'),
  rule("filesystem", "operations: [read]"),
  rule("random", "scope: all"),
  `${HEAD}rules:\n  - { id: a, action: allow, capability: random }\n`,
  `${HEAD}rules:\n  - { effect: permit, capability: random, id: a }\n`,
  `${HEAD}rules:\n  - { id: my rule, effect: allow, capability: random }\n`,
  `${HEAD}rules:\n\t- { id: a, effect: allow, capability: random }\n`,
  `${HEAD}rules:\n  - { id: a, effect: allow, capability: random\n`,
  `${HEAD}rules:\n  - id: a\n   effect: allow\n    capability: random\n`,
  limits("cpu_ms: 5s"),
  limits('cpu_ms: "500"'),
  limits("calls: 100_000"),
  limits("memory_mib: 64MiB"),
  limits("memory: 64"),
  limits("cpu_ms: 0.5"),
];
