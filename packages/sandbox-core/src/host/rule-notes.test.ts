import { Supervisor } from "@pyisolate/sandbox-core";
import { expect, test } from "vitest";

import { keepingSink, policyOf, rejectionOf } from "../testing/cells.ts";

const KEYS = { description: "Keys stay with the host", owner: "security@example.com" };
const NONE = { description: "Guests get what is listed", owner: "platform" };

test("what a policy says of its rules is in the events of cells, of their tools and of a shadow policy, and not in the guest", async () => {
  const denials = keepingSink();
  const deny = { id: "keys", effect: "deny", ...KEYS };
  await using supervisor = new Supervisor({
    policy: {
      ...policyOf([{ ...deny, capability: "filesystem", paths: ["/**"] }]),
      default: NONE,
    },
    shadow: policyOf([
      { id: "rng", effect: "allow", capability: "random", description: "Harmless", owner: "lab" },
    ]),
    denials,
    tools: { erase: () => {} },
    kernel: "off",
    pool: 0,
  });
  await using cell = await supervisor.spawn("tenant-a");
  const seen = await cell.exec(`
    const seen = [];
    const note = (error) => seen.push(String(error), error.stack, JSON.stringify(error), ...Object.values(error).map(String));
    try { require("node:fs").readFileSync("/etc/shadow"); } catch (error) { note(error); }
    try { Math.random(); } catch (error) { note(error); }
    await tools.erase().catch(note);
    await fetch("http://evil.example/").catch(note);
    await fetch("no address").catch(note);
    seen.join("\\n")`);
  expect(seen).not.toMatch(/Keys stay|security@|Guests get|platform|Harmless/);
  expect(seen).toContain("PolicyError");
  expect(
    denials.events.map(({ policyRule, ruleDescription, ruleOwner, enforced }) => [
      policyRule,
      ruleDescription,
      ruleOwner,
      enforced,
    ]),
  ).toEqual([
    ["keys", KEYS.description, KEYS.owner, true],
    ["default", NONE.description, NONE.owner, true],
    ["rng", "Harmless", "lab", false],
    ["default", NONE.description, NONE.owner, true],
    ["default", NONE.description, NONE.owner, true],
  ]);
  // What no policy has decided is not explained by one.
  await using short = await supervisor.spawn("tenant-b");
  await rejectionOf(short.exec("for (;;) {}", { limits: { cpuMs: 100 } }));
  expect(denials.events.at(-1)).toMatchObject({
    policyRule: "limit.cpu",
    ruleDescription: null,
    ruleOwner: null,
  });
});
