import { readFileSync } from "node:fs";

import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { arbRules, DECLARED } from "../testing/arbitraries.ts";
import { parsePolicy } from "../index.ts";
import { policyJsonSchemaText } from "./json-schema.ts";

const file = readFileSync(new URL("../../schema/policy.schema.json", import.meta.url), "utf8");
const validate = new Ajv2020({
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allErrors: true,
}).compile(JSON.parse(file) as object);

function loads(document: unknown): boolean {
  try {
    parsePolicy(document);
    return true;
  } catch {
    return false;
  }
}

const rule = { id: "a", effect: "allow", capability: "filesystem", paths: ["/**"] };
const document = (...rules: unknown[]) => ({ version: 1, name: "x", rules });

test("the committed schema is the one that is generated: node packages/policy/scripts/write-schema.ts", () => {
  expect(file).toBe(policyJsonSchemaText());
});

describe("an editor with the schema", () => {
  test("accepts every policy that loads", () => {
    fc.assert(
      fc.property(arbRules, (rules) => {
        const drawn = document(...rules.map((each, index) => ({ id: `r${index}`, ...each })));
        expect(validate(drawn)).toBe(loads(drawn));
        const declaring = { ...drawn, capabilities: DECLARED };
        expect(validate(declaring)).toBe(true);
        expect(loads(declaring)).toBe(true);
      }),
    );
  });

  test("and the parser agree about what is changed in any place", () => {
    const value = fc.oneof(
      fc.constantFrom(
        "",
        "allow",
        "deny",
        "filesystem",
        "network",
        "random",
        "/a",
        "a",
        "/a/../b",
        "**/x",
        "limit.x",
        "*",
        "x:1",
        0,
        1,
        1.5,
        null,
      ),
      fc.constantFrom<unknown>(
        [],
        ["/a"],
        ["a"],
        ["*"],
        ["read"],
        ["connect"],
        ["git"],
        {},
        { cpu_ms: 5 },
        { cpu_ms: 0 },
        { cpu_msx: 1 },
        { database: ["read"] },
        { filesystem: ["read"] },
        { tool: ["call"] },
        { tool: ["query"] },
        { tool: [], database: ["query"] },
      ),
    );
    const key = fc.constantFrom(
      "id",
      "effect",
      "capability",
      "operations",
      "paths",
      "hosts",
      "commands",
      "reads",
      "modules",
      "targets",
      "other",
    );
    const top = fc.constantFrom("version", "name", "capabilities", "rules", "limits", "other");
    fc.assert(
      fc.property(
        fc.dictionary(key, value, { maxKeys: 3 }),
        fc.dictionary(top, value, { maxKeys: 1 }),
        (changes, more) => {
          const changed = { ...document({ ...rule, ...changes }), ...more };
          expect(validate(changed), JSON.stringify(changed)).toBe(loads(changed));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test.each<[string, object]>([
    ["two rules of one id", document(rule, rule)],
    [
      "a host that is not valid",
      document({ id: "a", effect: "deny", capability: "network", hosts: ["256.1.1.1:80"] }),
    ],
    [
      "a port past 65535",
      document({ id: "a", effect: "deny", capability: "network", hosts: ["a.example:99999"] }),
    ],
    [
      "a capability that the document does not declare, where it declares another",
      {
        ...document({ id: "a", effect: "allow", capability: "databse", targets: ["**"] }),
        capabilities: { database: ["query"] },
      },
    ],
    [
      "an operation that its capability does not have",
      {
        ...document({ id: "a", effect: "deny", capability: "database", operations: ["reed"] }),
        capabilities: { database: ["read"] },
      },
    ],
  ])("cannot see %s; the parser does", (_name, bad) => {
    expect(validate(bad)).toBe(true);
    expect(loads(bad)).toBe(false);
  });
});
