import { expect, test } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { aDenial, aTurn } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";

test("with no SDK the ledger works, and records that nobody wants are disabled", async () => {
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  expect(denials.ledger()).toMatchObject({ denied: 1, pending: 1 });
  await aTurn();
  expect(denials.ledger()).toMatchObject({ denied: 1, dropped: { disabled: 1 }, pending: 0 });
});

test("a logger that throws costs the record and nothing else", async () => {
  const { meterProvider, cumulative } = realSdk();
  const loggerProvider = {
    getLogger: () => ({
      enabled: () => true,
      emit: () => {
        throw new Error("logger");
      },
    }),
  };
  await using denials = createDenialRecorder({ meterProvider, loggerProvider });
  denials.record(aDenial());
  await denials.flush();
  expect(denials.ledger()).toMatchObject({ denied: 1, dropped: { emit_failed: 1 }, pending: 0 });
  expect(await cumulative.sum("pyisolate.denials")).toBe(1);
});
