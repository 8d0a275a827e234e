import { parsePolicy, type Policy } from "@pyisolate/policy";
import { expect, test } from "vitest";

import { decodeModule, type WireVerdict } from "../../frames.ts";
import { keepingSink, policyOf } from "../../testing/cells.ts";
import { Broker } from "../broker.ts";
import { CellKernel } from "../cell-kernel.ts";
import { parseRequest } from "../channel/wire.ts";

const GRANTED = parsePolicy(
  policyOf([{ id: "m", effect: "allow", capability: "import", modules: ["*"] }]),
);
const REFUSED = parsePolicy(
  policyOf([{ id: "no", effect: "deny", capability: "import", modules: ["*"] }]),
);

let made = 0;

/** A broker of a cell with one supplied module that nothing has prepared before. */
function brokerWith(source = `export default ${++made};`) {
  let policy: Policy = GRANTED;
  const sink = keepingSink();
  const broker = new Broker(
    "cell",
    "mark",
    {
      policy: () => policy,
      sink,
      kernelVerdict: () => "not_evaluated",
      modules: new Map([
        ["module", source],
        ["data.json", "[1]"],
      ]),
      lookup: async () => [],
      explainRefusals: false,
    },
    new CellKernel(undefined, {
      current: () => undefined,
      renewed: () => undefined,
      replaced: () => undefined,
    }),
  );
  const answers: (WireVerdict | Uint8Array)[] = [];
  const ask = (t = "module"): Promise<void> | undefined => {
    const request = parseRequest(Buffer.from(JSON.stringify({ c: "import", o: "load", t, x: 1 })));
    if (request.kind === "limit") throw new Error("not a limit");
    return broker.decide(request, (verdict) => void answers.push(verdict));
  };
  return { broker, sink, answers, ask, replace: () => (policy = REFUSED) };
}

const kinds = (answers: readonly (WireVerdict | Uint8Array)[]): unknown[] =>
  answers.map((answer) =>
    answer instanceof Uint8Array ? decodeModule(Buffer.from(answer)).kind : answer,
  );

test("a module is prepared before the answer, and sent once", async () => {
  const { answers, ask, broker } = brokerWith();
  await ask();
  expect(ask()).toBe(undefined);
  expect(kinds(answers)).toEqual(["m", { ok: true }]);
  expect(broker.tail.stats).toMatchObject({ allowed: 2, denials: 0 });
});

test("JSON needs no preparing", () => {
  const { answers, ask } = brokerWith();
  expect(ask("data.json")).toBe(undefined);
  expect(kinds(answers)).toEqual(["j"]);
});

test("a cell that asks twice before the answer gets the module once", async () => {
  const { answers, ask } = brokerWith();
  await Promise.all([ask(), ask(), ask()]);
  expect(kinds(answers)).toEqual(["m", { ok: true }, { ok: true }]);
});

test("a policy that is replaced meanwhile decides", async () => {
  const { answers, ask, replace, sink } = brokerWith();
  const asked = ask();
  replace();
  await asked;
  expect(answers).toEqual([expect.objectContaining({ ok: false, reason: "explicit_deny" })]);
  expect(sink.events.map(({ policyRule }) => policyRule)).toEqual(["no"]);
});

test("a cell that has ended meanwhile is not answered", async () => {
  const { answers, ask, broker } = brokerWith();
  const asked = ask();
  broker.end();
  await asked;
  expect(answers).toEqual([]);
  expect(broker.tail.stats).toMatchObject({ allowed: 0, denials: 0 });
});

test("a module that no frame holds cannot be loaded, and the guest is told why", async () => {
  const { answers, ask } = brokerWith(`exports.a = 1; //${"x".repeat(64 * 1024 * 1024)}`);
  await ask();
  expect(ask()).toBe(undefined);
  const unloadable = {
    ok: true,
    unloadable: "The module 'module' takes more than 67108864 bytes",
  };
  expect(answers).toEqual([unloadable, unloadable]);
});
