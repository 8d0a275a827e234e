import { Supervisor } from "@pyisolate/sandbox-core";
import { expect, test } from "vitest";

test("the collector that a cell runs once is nothing that a guest can reach", async () => {
  await using supervisor = new Supervisor({
    policy: { version: 1, name: "none", rules: [] },
    pool: 0,
  });
  await using cell = await supervisor.spawn("tenant-a");
  expect(await cell.exec("typeof gc")).toBe("undefined");
});
