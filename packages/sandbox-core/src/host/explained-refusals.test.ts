import { Supervisor, type SpawnOptions } from "@pyisolate/sandbox-core";
import { describe, expect, test } from "vitest";

import { keepingSink, policyOf } from "../testing/cells.ts";

const RULES = [
  {
    id: "s3cret-data",
    effect: "allow",
    capability: "filesystem",
    operations: ["read"],
    paths: ["/srv/vault/**"],
  },
  {
    id: "s3cret-keys",
    effect: "deny",
    capability: "filesystem",
    paths: ["/srv/vault/keys"],
    description: "Hidden",
    owner: "ann",
  },
  { id: "s3cret-api", effect: "allow", capability: "network", hosts: ["vault.example.com:443"] },
];

const PROGRAM = `
  const fs = require("node:fs");
  const seen = [];
  const note = (error) => seen.push([error.message, error.name, error.capability, error.reason, typeof error.denialId]);
  const tried = (act) => { try { act(); } catch (error) { note(error); } };
  tried(() => fs.readFileSync("/etc/shadow"));
  tried(() => fs.writeFileSync("/srv/vault/a", ""));
  tried(() => fs.readFileSync("/srv/vault/keys"));
  tried(() => Math.random());
  tried(() => fs.readFileSync("/a\\0b"));
  await fetch("https://elsewhere.example/").catch(note);
  await fs.promises.readFile("/etc/shadow").catch(note);
  await tools.erase().catch(note);
  seen`;

/** The words of each refusal above, in its order. */
const WORDS = [
  ["filesystem", "read", "outside_scope", "rules grant this operation, but none on this target"],
  [
    "filesystem",
    "write",
    "wrong_operation",
    "a rule covers this target, but does not grant this operation",
  ],
  [
    "filesystem",
    "read",
    "explicit_deny",
    "refused by a rule that denies; no rule that is added can grant it",
  ],
  ["random", "read", "no_rule", "no rule grants this operation, and none covers this target"],
  [
    "filesystem",
    "read",
    "malformed",
    "the target or an argument of it is not valid, so no rule can grant it",
  ],
  ["network", "connect", "outside_scope", "rules grant this operation, but none on this target"],
  ["filesystem", "read", "outside_scope", "rules grant this operation, but none on this target"],
  ["tool", "call", "no_rule", "no rule grants this operation, and none covers this target"],
] as const;

describe("a guest that is refused", () => {
  async function seenBy(supervisorSays: boolean | undefined, options: SpawnOptions = {}) {
    const denials = keepingSink();
    await using supervisor = new Supervisor({
      policy: policyOf(RULES),
      denials,
      tools: { erase: () => {} },
      kernel: "off",
      pool: 0,
      ...(supervisorSays !== undefined && { explainRefusals: supervisorSays }),
    });
    await using cell = await supervisor.spawn("tenant-a", options);
    return { seen: await cell.exec(PROGRAM), events: denials.events };
  }

  const brief = WORDS.map(([capability, , reason]) => `${capability} denied (${reason})`);
  const explained = WORDS.map(
    ([capability, operation, reason, words]) =>
      `${capability} ${operation} denied (${reason}): ${words}`,
  );

  test.each<[boolean | undefined, SpawnOptions, readonly string[]]>([
    [undefined, {}, brief],
    [false, {}, brief],
    [true, { explainRefusals: false }, brief],
    [true, {}, explained],
    [false, { explainRefusals: true }, explained],
  ])("with explainRefusals %j, and %j for its cell", async (says, options, messages) => {
    const { seen, events } = await seenBy(says, options);
    expect(seen).toEqual(
      WORDS.map(([capability, , reason], at) => [
        messages[at],
        "PolicyError",
        capability,
        reason,
        "string",
      ]),
    );
    // Nothing of the policy's text, whatever the option: no rule, no path or host of another, no note.
    expect(JSON.stringify(seen)).not.toMatch(/s3cret|vault|Hidden|ann\b|etc|elsewhere/);
    // The operator's words are the same with and without it.
    expect(events[0]?.explanation).toBe(
      '"filesystem" "read" of "/etc/shadow": rules grant this operation, but none on this target; the nearest rule "s3cret-data" lacks the path "/etc/shadow": it has "/srv/vault/**"',
    );
  });

  test("a name that is misspelt, or another kind of value, is refused by its name", async () => {
    const policy = policyOf([]);
    expect(() => new Supervisor({ policy, explainRefusal: true } as never)).toThrow(
      /explainRefusal.*did you mean explainRefusals\?/,
    );
    expect(() => new Supervisor({ policy, explainRefusals: "yes" } as never)).toThrow(
      /^explainRefusals must be/,
    );
    await using supervisor = new Supervisor({ policy, kernel: "off", pool: 0 });
    await expect(supervisor.spawn("a", { explainsRefusals: true } as never)).rejects.toThrow(
      /did you mean explainRefusals\?/,
    );
  });

  test("by its output limit reads the words too", async () => {
    await using supervisor = new Supervisor({
      policy: policyOf([], { output_bytes: 200 }),
      kernel: "off",
      pool: 0,
      explainRefusals: true,
    });
    await using cell = await supervisor.spawn("tenant-a");
    expect(
      await cell.exec(
        `let said; try { post("x".repeat(500)) } catch (error) { said = error.message } said`,
      ),
    ).toBe("limit output denied (limit): a limit, which no rule can grant");
  });
});
