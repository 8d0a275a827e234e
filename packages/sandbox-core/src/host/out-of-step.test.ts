import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { policyOf } from "../testing/cells.ts";
import { grounds } from "../testing/granted.ts";
import { copied, type Copy } from "../testing/taken.ts";

// The worst fault that cells of this project have had, put back by a patch in a copy of the built package: a request was cut off between
// its question and its verdict, at the stack's end, and every later operation took the verdict of the one before it.

/** The request that is cut off, by the end of its target. */
const CUT = "/cut";

async function withFault(): Promise<Copy> {
  return await copied((dist) => {
    const file = join(dist, "bundle/main.cjs");
    const replaced = [
      [/function demandInStep\(before = begun\) \{[^}]*\}/, "function demandInStep() {}"],
      [
        /function readVerdict\(number\) \{[\s\S]*?\n\}\n/,
        `function readVerdict() {
          const exactly = (bytes) => {
            const read = Buffer.alloc(bytes);
            for (let held = 0; held < bytes;) held += readSome(read, held);
            return read;
          };
          return decodeVerdict(exactly(exactly(HEAD_BYTES).readUInt32LE(0)));
        }
        `,
      ],
      [
        /function askSync\(request\) \{[\s\S]*?\n\}\n/,
        `let isCut = false;
        function askSync(request) {
          lastRequest = nextNumber(lastRequest);
          writeAll(encodeJson(Frame.request, lastRequest, request));
          if (!isCut && request.t.endsWith(${JSON.stringify(CUT)})) {
            isCut = true;
            throw new RangeError("Maximum call stack size exceeded");
          }
          return readVerdict(lastRequest);
        }
        `,
      ],
    ] as const;
    patch(file, replaced);
    // The host has learnt since to end a cell that asks before it was answered.
    patch(join(dist, "host/process/cell-process.js"), [
      [/this\.#take\(sync, true,/, "this.#take(sync, false,"],
    ]);
  });
}

function patch(file: string, replaced: readonly (readonly [RegExp, string])[]): void {
  let source = readFileSync(file, "utf8");
  for (const [now, then] of replaced) {
    const changed = source.replace(now, () => then);
    if (changed === source) throw new Error(`${file} says ${String(now)} in other words now`);
    source = changed;
  }
  writeFileSync(file, source);
}

test.each(["require", "off"] as const)(
  "a cell that takes each verdict for the next request: kernel %s",
  async (kernel) => {
    using ground = grounds();
    const outside = (name: string): string => join(ground.outside, name);
    const granted = (name: string): string => join(ground.granted, name);
    writeFileSync(outside("secret"), "the secret");
    writeFileSync(granted("file"), "content");
    using copy = await withFault();
    const supervisor = new copy.Supervisor({ policy: policyOf([ground.rule]), pool: 0, kernel });
    const cell = await supervisor.spawn("out-of-step");
    const got = await cell.exec(`
      const fs = require("fs"), { execFileSync } = require("child_process");
      const tried = (act) => { try { return String(act()); } catch (error) { return error.name; } };
      // Whatever is granted leaves its verdict behind for what follows it.
      const granted = () => void tried(() => fs.readFileSync(${JSON.stringify(granted("file"))}));
      tried(() => fs.writeFileSync(${JSON.stringify(granted(CUT.slice(1)))}, ""));
      const read = tried(() => fs.readFileSync(${JSON.stringify(outside("secret"))}, "utf8"));
      granted();
      const list = tried(() => fs.readdirSync(${JSON.stringify(ground.outside)}));
      granted();
      const wrote = tried(() => fs.writeFileSync(${JSON.stringify(outside("made"))}, "x"));
      granted();
      const ran = tried(() => execFileSync("/usr/bin/id", [], { encoding: "utf8" }));
      granted();
      tried(() => fs.rmSync(${JSON.stringify(outside("secret"))}));
      ({ read, list, wrote, ran })`);
    const events = cell.denialEvents().map((event) => event.toJSON());
    await supervisor.close();
    const isHeld = kernel === "require";
    // The oracle, outside of the cell: what is there, and what has arrived.
    expect({
      secret: existsSync(outside("secret")),
      made: existsSync(outside("made")),
      arrived: JSON.stringify(got).includes("the secret"),
      ran: JSON.stringify(got).includes("uid="),
    }).toEqual({ secret: isHeld, made: !isHeld, arrived: !isHeld, ran: !isHeld });
    if (!isHeld) return;
    expect(got).toEqual({
      read: "PolicyError",
      list: "PolicyError",
      wrote: "PolicyError",
      ran: "PolicyError",
    });
    // Each was refused by the broker, whose verdict was not heeded, and by the kernel when it was tried.
    const tries = ["read", "list", "write", "exec", "remove"];
    for (const operation of tries) {
      const own = events.filter(
        (event) => event.operation === operation && event.reason !== "limit",
      );
      expect([operation, own.at(-1)?.broker_decision, own.at(-1)?.kernel_decision]).toEqual([
        operation,
        "deny",
        "deny",
      ]);
    }
  },
);
