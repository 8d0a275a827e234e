import { readFileSync } from "node:fs";

import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { type Document, parseAllDocuments } from "yaml";

import { TYPICAL_MISTAKES } from "../testing/typical-mistakes.ts";
import { InvalidPolicyError, parsePolicy } from "../index.ts";

function mistakesOf(input: unknown): readonly string[] {
  try {
    parsePolicy(input);
  } catch (error) {
    if (error instanceof InvalidPolicyError) {
      return error.issues.map(({ path, line, message }) => `${line}: ${path}: ${message}`);
    }
    throw error;
  }
  return [];
}

test("each typical mistake has a message that says what to write", () => {
  const told = TYPICAL_MISTAKES.flatMap((text) => {
    const [, , ...rest] = text.trimEnd().split("\n");
    const shown = text.startsWith("version: 1\nname: x\n") ? rest : text.trimEnd().split("\n");
    return [...shown, ...mistakesOf(text).map((message) => `    ^ ${message}`), ""];
  });
  expect(told.join("\n")).toMatchInlineSnapshot(`
    "version: "1"
    name: x
    rules: []
        ^ 1: version: "1" is text; write 1, without quotes

    version: "1.0"
    name: x
    rules: []
        ^ 1: version: "1.0" is text; write 1, without quotes

    version: 1.1
    name: x
    rules: []
        ^ 1: version: 1.1 is not known here; write 1

    version: v1
    name: x
    rules: []
        ^ 1: version: "v1" is text; write 1, without quotes

    name: x
    rules: []
        ^ 1: version: is missing; write 1

    version: 1
    rules: []
        ^ 1: name: is missing; write text

    version: 1
    name: 5
    rules: []
        ^ 2: name: 5 is not text; put it in quotes: "5"

        ^ 1: rules: is missing; write a list

    rules:
        ^ 3: rules: is empty; write a list

    rules:
      data: { effect: allow, capability: random }
        ^ 3: rules: a mapping is not a list; begin each entry with "- ", or put them in [ ]

    apiVersion: 1
    name: x
    rules: []
        ^ 1: apiVersion: unknown key "apiVersion" (known: version, name, capabilities, rules, limits)
        ^ 1: version: is missing; write 1

    rules:
      - id: a
        effect: allow
        capability: filesystem
        paths:
          - **/.env
        ^ 8: : text that begins with * must be in quotes; write "**/.env"

    rules:
      - id: a
        effect: allow
        capability: filesystem
        paths:
          - *.csv
        ^ 8: : text that begins with * must be in quotes; write "*.csv"

    rules:
      - id: a
        effect: allow
        capability: filesystem
        paths:
          - /srv/a: b
        ^ 8: rules[0].paths[0]: a mapping is not text; put text that holds ": " or begins with { in quotes

    rules:
      - id: a
        effect: allow
        capability: network
        hosts:
          - *
        ^ 8: : text that begins with * must be in quotes; write "*"

    rules:
      - id: a
        effect: allow
        capability: network
        hosts:
          - *:443
        ^ 8: : text that begins with * must be in quotes; write "*:443"

    rules:
      - id: a
        effect: allow
        capability: network
        hosts:
          - *.example.com:443
        ^ 8: : text that begins with * must be in quotes; write "*.example.com:443"

    rules:
      - id: a
        effect: allow
        capability: network
        hosts:
          - [::1]:443
        ^ 8: : text that begins with [ must be in quotes; write "[::1]:443"

    rules:
      - id: a
        effect: allow
        capability: import
        modules:
          - @scope/name
        ^ 8: : text that begins with @ must be in quotes; write "@scope/name"

    rules:
      - id: a
        effect: allow
        capability: filesystem
        paths:
          - !/srv/secret
        ^ 8: : has a tag, "!/srv/secret", and tags are not read; leave it out, or put text that begins with ! in quotes

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["!/srv/secret"] }
        ^ 4: rules[0].paths[0]: "!/srv/secret" begins with !, and there is no negation; write a rule with effect: deny

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["~/data"] }
        ^ 4: rules[0].paths[0]: "~/data" begins with what a shell would replace, and nothing is replaced here; write the whole path, such as /home/app/data

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["$HOME/data"] }
        ^ 4: rules[0].paths[0]: "$HOME/data" begins with what a shell would replace, and nothing is replaced here; write the whole path, such as /home/app/data

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["./data"] }
        ^ 4: rules[0].paths[0]: "./data" is relative; write the whole path, such as "/srv/data"

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["data/**"] }
        ^ 4: rules[0].paths[0]: "data/**" is relative; begin with "/", as in "/data/**", or with "**/" for any directory

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["/srv/data/"] }
        ^ 4: rules[0].paths[0]: "/srv/data/" ends with a slash; write "/srv/data" for the directory itself, "/srv/data/**" for it and everything below

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["/srv/**.csv"] }
        ^ 4: rules[0].paths[0]: "/srv/**.csv" has "**.csv"; ** stands alone between slashes, * is for within a segment; write "/srv/**/*.csv"

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["/srv/*.{csv,json}"] }
        ^ 4: rules[0].paths[0]: "/srv/*.{csv,json}" has "{", which is neither literal nor a wildcard here; the wildcards are * and **, so write an entry for each

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["^/srv/.*$"] }
        ^ 4: rules[0].paths[0]: "^/srv/.*$" is a regular expression; write a path, with * within a segment and ** for any directories

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["file:///srv/data"] }
        ^ 4: rules[0].paths[0]: "file:///srv/data" is a URL; write the path alone, beginning with /

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["C:\\\\data"] }
        ^ 4: rules[0].paths[0]: "C:\\\\data" has a backslash; paths are separated by /, and nothing is escaped

    rules:
      - { id: a, effect: allow, capability: filesystem, paths: ["/srv//data"] }
        ^ 4: rules[0].paths[0]: "/srv//data" has an empty segment; write one slash

    rules:
      - { id: a, effect: allow, capability: network, hosts: [a.com] }
        ^ 4: rules[0].hosts[0]: "a.com" has no port; add a port, such as :443 or :*

    rules:
      - { id: a, effect: allow, capability: network, hosts: ["a.com:80-90"] }
        ^ 4: rules[0].hosts[0]: "a.com:80-90" has several ports; write an entry for each, such as "a.com:80", or "a.com:*" for every port

    rules:
      - { id: a, effect: allow, capability: network, hosts: ["a.com:80,443"] }
        ^ 4: rules[0].hosts[0]: "a.com:80,443" has several ports; write an entry for each, such as "a.com:80", or "a.com:*" for every port

    rules:
      - { id: a, effect: allow, capability: network, hosts: ["a.com:https"] }
        ^ 4: rules[0].hosts[0]: "a.com:https" has "https" for a port; write its number, such as "a.com:443"

    rules:
      - { id: a, effect: allow, capability: network, hosts: ["a.com:443/v1"] }
        ^ 4: rules[0].hosts[0]: "a.com:443/v1" has a path; write only host and port: "a.com:443"

    rules:
      - { id: a, effect: allow, capability: network, hosts: ["a.com/v1"] }
        ^ 4: rules[0].hosts[0]: "a.com/v1" has a path and no port; write only host and port, such as "a.com:443"

    rules:
      - { id: a, effect: allow, capability: network, hosts: ["https://a.com"] }
        ^ 4: rules[0].hosts[0]: "https://a.com" is a URL; write only its host and port, such as api.example.com:443

    rules:
      - { id: a, effect: allow, capability: network, hosts: [".a.com:443"] }
        ^ 4: rules[0].hosts[0]: ".a.com:443" begins with a dot; write "*.a.com:443" for the names below a.com

    rules:
      - { id: a, effect: allow, capability: network, hosts: ["10.0.0.0/8"] }
        ^ 4: rules[0].hosts[0]: "10.0.0.0/8" has no port; add a port, such as :443 or :*

    rules:
      - { id: a, effect: allow, capability: network, hosts: ["2001:db8::1:443"] }
        ^ 4: rules[0].hosts[0]: "2001:db8::1:443" has an IPv6 address without brackets; write "[2001:db8::1]:443"

    rules:
      - { id: a, effect: allow, capability: network, hosts: ["10.1.2.3/8:443"] }
        ^ 4: rules[0].hosts[0]: "10.1.2.3/8:443" has an address inside its block; write "10.0.0.0/8:443" for the block, "10.1.2.3:443" for the address

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: ["git"] }
        ^ 4: rules[0].commands[0]: "git" is not absolute; write the whole path, such as /usr/bin/git, without arguments

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: ["/usr/bin/"] }
        ^ 4: rules[0].commands[0]: "/usr/bin/" is a directory; name each command in it whole, such as /usr/bin/git

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: ["/usr/bin/git status"] }
        ^ 4: rules[0].commands[0]: "/usr/bin/git status" has a space, as if arguments followed; write "/usr/bin/git" for any arguments, or name them in { path, args }

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: ["/usr/bin/git -c x=y log"] }
        ^ 4: rules[0].commands[0]: "/usr/bin/git -c x=y log" has a space, as if arguments followed; write "/usr/bin/git" for any arguments, or name them in { path, args }

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: ["/bin/sh -c /tmp/x"] }
        ^ 4: rules[0].commands[0]: "/bin/sh -c /tmp/x" has a space, as if arguments followed; write "/bin/sh" for any arguments, or name them in { path, args }

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: ["/usr/bin/*"] }
        ^ 4: rules[0].commands[0]: "/usr/bin/*" has a wildcard; name each command whole, or write "*" alone for every command

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: [{ path: "/usr/bin/git" }] }
        ^ 4: rules[0].commands[0].args: is missing; write a list

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: [{ path: "/usr/bin/git", args: "log" }] }
        ^ 4: rules[0].commands[0].args: "log" is not a list; write ["log"]

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: [{ path: "/usr/bin/git", args: ["log **"] }] }
        ^ 4: rules[0].commands[0].args[0]: has "log **"; ** stands alone, for any number of arguments, and * for any characters within one

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: [{ path: "/usr/bin/git", args: ["-C", "/srv/\${cell}"] }] }
        ^ 4: rules[0].commands[0].args[1]: has \${cell}, which stands for the cell's name in paths alone; name the arguments themselves, or give each cell a policy of its own

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: [{ path: "git", arg: ["log"] }] }
        ^ 4: rules[0].commands[0].arg: unknown key "arg"; did you mean "args"? (known: path, args)
        ^ 4: rules[0].commands[0].path: "git" is not absolute; write the whole path, such as /usr/bin/git, without arguments

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: [{ path: "*", args: ["log"] }] }
        ^ 4: rules[0].commands[0].path: "*" has a wildcard; name each command whole

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: [7] }
        ^ 4: rules[0].commands[0]: 7 is not text; put it in quotes: "7"

    rules:
      - { id: a, effect: allow, capability: subprocess, commands: [["/usr/bin/git", "log"]] }
        ^ 4: rules[0].commands[0]: a list is not text; write each text by itself, and put text that begins with [ in quotes

    rules:
      - { id: a, effect: allow, capability: import, modules: ["./lib.mjs"] }
        ^ 4: rules[0].modules[0]: "./lib.mjs" is not a module name; write a name such as "node:fs" or "lodash/fp", or "*" for every module

    rules:
      - { id: a, effect: allow, capability: import, modules: ["file:lib.mjs"] }
        ^ 4: rules[0].modules[0]: "file:lib.mjs" has the prefix "file:", and "node:" is the only one; write a name such as "node:fs" or "lodash/fp", or "*" for every module

    rules:
      - { id: a, effect: allow, capability: import, modules: ["lodash/*"] }
        ^ 4: rules[0].modules[0]: "lodash/*" has a wildcard; name each module whole, or write "*" alone for every module

    rules:
      - { id: a, effect: allow, capability: tool, tools: ["crm."] }
        ^ 4: rules[0].tools[0]: "crm." is no tool's name: names of JavaScript (letters, digits, "_" and "$", no digit first) with dots between them, such as crm.lookup or crm.*, and none of them __proto__, constructor, prototype or then

    rules:
      - { id: a, effect: allow, capability: tool, tools: ["crm..delete"] }
        ^ 4: rules[0].tools[0]: "crm..delete" is no tool's name: names of JavaScript (letters, digits, "_" and "$", no digit first) with dots between them, such as crm.lookup or crm.*, and none of them __proto__, constructor, prototype or then

    rules:
      - { id: a, effect: allow, capability: tool, tools: ["crm.2fa"] }
        ^ 4: rules[0].tools[0]: "crm.2fa" is no tool's name: names of JavaScript (letters, digits, "_" and "$", no digit first) with dots between them, such as crm.lookup or crm.*, and none of them __proto__, constructor, prototype or then

    rules:
      - { id: a, effect: allow, capability: tool, tools: ["crm.then"] }
        ^ 4: rules[0].tools[0]: "crm.then" is no tool's name: names of JavaScript (letters, digits, "_" and "$", no digit first) with dots between them, such as crm.lookup or crm.*, and none of them __proto__, constructor, prototype or then

    rules:
      - { id: a, effect: allow, capability: fs, paths: ["/srv"] }
        ^ 4: rules[0].capability: "fs" must be one of filesystem, network, subprocess, random, import, tool

    rules:
      - { id: a, effect: allow, capability: filesystem, path: "/srv" }
        ^ 4: rules[0].path: unknown key "path"; did you mean "paths"? (known: id, effect, capability, operations, paths)
        ^ 4: rules[0].paths: "/srv" is not a list; write ["/srv"]

    rules:
      - { id: a, effect: allow, capability: filesystem, operations: read, paths: ["/srv"] }
        ^ 4: rules[0].operations: "read" is not a list; write ["read"]

    rules:
      - { id: a, effect: allow, capability: filesystem, operations: ["*"], paths: ["/srv"] }
        ^ 4: rules[0].operations[0]: "*" is not an operation; leave "operations" out for every one (must be one of read, write, list, stat, remove)

    rules:
      - { id: a, effect: allow, capability: filesystem, operations: [read] }
        ^ 4: rules[0].paths: is missing: an allow rule says what it grants; to grant everything on purpose, write paths: ["/**"]

    rules:
      - { id: a, effect: allow, capability: random, scope: all }
        ^ 4: rules[0].scope: unknown key "scope" (known: id, effect, capability, operations)

    rules:
      - { id: a, action: allow, capability: random }
        ^ 4: rules[0].action: unknown key "action" (known: id, effect, capability, operations)
        ^ 4: rules[0].effect: is missing; must be one of allow, deny

    rules:
      - { effect: permit, capability: random, id: a }
        ^ 4: rules[0].effect: "permit" must be one of allow, deny

    rules:
      - { id: my rule, effect: allow, capability: random }
        ^ 4: rules[0].id: "my rule" is not a rule id; begin with a letter or digit, then letters, digits, ".", "_" and "-", at most 64

    rules:
    	- { id: a, effect: allow, capability: random }
        ^ 4: : not valid YAML: Tabs are not allowed as indentation; indent with spaces

    rules:
      - { id: a, effect: allow, capability: random
        ^ 5: : not valid YAML: Flow map in block collection must be sufficiently indented and end with a }; something that was opened before is not closed

    rules:
      - id: a
       effect: allow
        capability: random
        ^ 5: : not valid YAML: Sequence item without - indicator; begin each key of a rule in the column of its first key

    rules: []
    limits: { cpu_ms: 5s }
        ^ 4: limits.cpu_ms: "5s" is not a whole number; the unit is in the key's name, so write the number alone

    rules: []
    limits: { cpu_ms: "500" }
        ^ 4: limits.cpu_ms: "500" is text; write it without quotes

    rules: []
    limits: { calls: 100_000 }
        ^ 4: limits.calls: "100_000" is not a whole number; write 100000

    rules: []
    limits: { memory_mib: 64MiB }
        ^ 4: limits.memory_mib: "64MiB" is not a whole number; the unit is in the key's name, so write the number alone

    rules: []
    limits: { memory: 64 }
        ^ 4: limits.memory: unknown key "memory"; did you mean "memory_mib"? (known: cpu_ms, wall_ms, memory_mib, calls, output_bytes)

    rules: []
    limits: { cpu_ms: 0.5 }
        ^ 4: limits.cpu_ms: 0.5 is not a whole number
    "
  `);
});

test("each typical mistake has one message, or two where one word is missing and another stands in its place", () => {
  for (const text of TYPICAL_MISTAKES) {
    const most = /apiVersion|action|path: /.test(text) ? 2 : 1;
    const mistakes = mistakesOf(text);
    expect(mistakes.length, text).toBeGreaterThan(0);
    expect(mistakes.length, mistakes.join("\n")).toBeLessThanOrEqual(most);
  }
});

test("what a message says to write instead is accepted when it is written", () => {
  const advice = TYPICAL_MISTAKES.flatMap((text) => {
    const [, capability = "", key = ""] =
      /capability: (\w+)[\s\S]*(paths|hosts|commands|modules):/.exec(text) ?? [];
    return mistakesOf(text).flatMap((message) => {
      // This message is about YAML: what it says to quote may, once quoted, be a mistake in the policy.
      if (message.includes("must be in quotes") || !message.includes(`].${key}[0]: `)) return [];
      const [, written = ""] = /(?:write|as in)(.*)/.exec(message) ?? [];
      return [...written.matchAll(/"([^"[]+|\[[^"]+)"/g)]
        .map(([, quoted = ""]) => quoted)
        .filter((quoted) => quoted !== "**/")
        .map((quoted) => ({ capability, key, quoted }));
    });
  });
  expect(advice.length).toBeGreaterThan(20);
  for (const { capability, key, quoted } of advice) {
    const rule = { id: "a", effect: "allow", capability, [key]: [quoted] };
    const mistakes = mistakesOf({ version: 1, name: "x", rules: [rule] });
    expect(mistakes, quoted).toEqual([]);
  }
});

test("an editor with the schema refuses each typical mistake too, except three texts that only look like hosts", () => {
  const schema = readFileSync(new URL("../../schema/policy.schema.json", import.meta.url), "utf8");
  const options = { strictTypes: false, strictRequired: false } as const;
  const validate = new Ajv2020(options).compile(JSON.parse(schema) as object);
  const unseen: string[] = [];
  for (const text of TYPICAL_MISTAKES) {
    const [document] = parseAllDocuments(text);
    if (document === undefined || document.errors.length + document.warnings.length > 0) continue;
    if (validate(read(document))) unseen.push(/hosts: \[(.*)\]/.exec(text)?.[1] ?? text);
  }
  expect(unseen).toEqual(['".a.com:443"', '"2001:db8::1:443"', '"10.1.2.3/8:443"']);
});

/** A document's data; nothing where an alias in it has no anchor, which is not data for an editor either. */
function read(document: Document): unknown {
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
}
