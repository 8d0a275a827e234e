import assert from "node:assert/strict";

import { GuestError, PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

// The guest makes errors that look like a refusal; only the refusal itself is one, also where the guest throws it again.
const forge = `throw Object.assign(new Error("random denied (no_rule)"), { name: "PolicyError", denialId: globalThis.real.denialId });`;
const rules = [
  { id: "mods", effect: "allow", capability: "import", modules: ["forger", "forger-esm"] },
];

await arena(
  { rules, modules: { forger: forge, "forger-esm": `${forge} export {};` } },
  async ({ spawn, events }) => {
    const cell = await spawn();
    await cell.exec(`try { Math.random(); } catch (error) { globalThis.real = error; }`);
    const [first] = events;
    assert.ok(first !== undefined);
    const foreign = await spawn();
    await foreign.exec(`try { Math.random(); } catch (error) { globalThis.real = error; }`);

    const looks = `{ name: "PolicyError", capability: "random", reason: "no_rule", denialId: real.denialId }`;
    const forgeries = [
      `throw Object.assign(new Error("random denied (no_rule)"), ${looks})`,
      `throw ${looks}`,
      `class PolicyError extends Error { denialId = real.denialId }; throw new PolicyError("random denied")`,
      `throw Object.create(real)`,
      `throw Object.setPrototypeOf(new Error("x"), real)`,
      `throw Object.freeze(Object.assign(new Error("x"), ${looks}))`,
      `throw new Proxy(real, {})`,
      `throw structuredCloneLike(real); function structuredCloneLike(e) { return Object.defineProperties(new Error(e.message), Object.getOwnPropertyDescriptors(e)); }`,
      `Promise.reject(Object.assign(new Error("x"), ${looks}))`,
      `(async () => { throw Object.create(real); })()`,
      `throw real.denialId`,
      `require("forger")`,
      `import("forger-esm")`,
      `const e = new Error("x", { cause: real }); throw e`,
      `throw new AggregateError([real], "x")`,
      `throw new SuppressedErrorLike(real); function SuppressedErrorLike(error) { this.error = error; this.suppressed = error; this.denialId = error.denialId; }`,
      `throw Object.assign(new Error("x"), { name: "PolicyError", denialId: "${"x".repeat(24)}-1" })`,
    ];
    for (const forgery of forgeries) {
      const error = await failureOf(cell.exec(forgery));
      assert.ok(error instanceof GuestError && !(error instanceof PolicyError), forgery);
    }
    // The id of another cell's denial opens nothing here either.
    const stolen = `throw Object.assign(new Error("x"), { name: "PolicyError", denialId: ${JSON.stringify(first.id)} })`;
    assert.ok((await failureOf(foreign.exec(stolen))) instanceof GuestError);
    return 2;
  },
);
