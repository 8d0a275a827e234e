import { serialize } from "node:v8";

import { PolicyError as PolicyErrorOfPolicy, parsePolicy } from "@pyisolate/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { decodeClone } from "../clone/structured-clone.ts";
import type { IncomingFrame } from "../frame-reader.ts";
import { encodeFailure } from "../failure-frame.ts";
import { encodeFrame, encodeJson, Frame, HEAD_BYTES, toolHead } from "../frames.ts";
import { keepingSink, policyOf, rejectionOf } from "../testing/cells.ts";
import type { CellProcess, Listener } from "./process/cell-process.ts";
import type { Exit } from "./process/end-of-process.ts";
import { type SandboxHost, Sandbox } from "./sandbox.ts";
import { toolSet } from "./tools/tool-set.ts";

/** A cell process that says what the test says: as hostile as one that a guest has taken over. */
class TakenOver {
  readonly pid = 0;
  readonly launch = { start: { memoryMib: 64, ca: null }, confined: undefined };
  readonly mark = "mark";
  readonly hasExited = false;
  readonly sent: Buffer[] = [];
  readonly answers: Buffer[] = [];
  kills = 0;
  #listener: Listener | undefined;
  #asked = 0;

  listen(listener: Listener): void {
    this.#listener = listener;
  }
  send(frame: Buffer): void {
    this.sent.push(frame);
  }
  answer(frame: Buffer): void {
    this.answers.push(frame);
  }
  kill(): void {
    this.kills += 1;
  }
  hold(): void {
    // There is no process that could keep the host alive.
  }
  async exited(): Promise<Exit> {
    return { code: null, signal: "SIGKILL", lastWords: "", silent: false };
  }

  /** One frame on the channel for everything but blocking requests. */
  says(kind: number, id: number, body: Uint8Array | object): void {
    const frame =
      body instanceof Uint8Array ? encodeFrame(kind, id, body) : encodeJson(kind, id, body);
    this.#heard({ kind, id, body: frame.subarray(9) }, (taken) => this.#listener?.onFrame(taken));
  }
  asks(
    body: Uint8Array | object,
    { kind = Frame.request, id = 0 }: { kind?: number; id?: number } = {},
  ): void {
    const bytes =
      body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
    this.#asked += 1;
    this.#heard({ kind, id: id === 0 ? this.#asked : id, body: bytes }, (taken) =>
      this.#listener?.onAsk(taken),
    );
  }

  /** Takes a frame as the reader of a channel does: its length is checked first. */
  #heard(frame: IncomingFrame, take: (frame: IncomingFrame) => void): void {
    try {
      this.#listener?.maxBody(frame.kind, frame.id);
      take(frame);
    } catch (error) {
      this.#listener?.onGarbage(error);
    }
  }
}

let supplied = 0;

function takenOver(limits: object = {}) {
  const policy = parsePolicy(
    policyOf([{ id: "rng", effect: "allow", capability: "random" }], limits),
  );
  const sink = keepingSink();
  const cell = new TakenOver();
  let ends = 0;
  const host: SandboxHost = {
    authority: {
      policy: () => policy,
      sink,
      kernelVerdict: () => "not_evaluated",
      // A text that nothing has prepared before.
      modules: new Map([["module", `export default ${++supplied};`]]),
      lookup: async () => [],
      explainRefusals: false,
    },
    plans: {
      current: () => undefined,
      renewed: () => undefined,
      replaced: () => undefined,
      onReload: () => undefined,
    },
    tools: toolSet({ "a.b": () => 1 }),
    watch: { add: () => undefined, remove: () => undefined },
    onEnd: () => {
      ends += 1;
    },
  };
  const sandbox = new Sandbox("taken", cell as unknown as CellProcess, host, {});
  return { sandbox, cell, sink, ends: () => ends };
}

const request = { c: "random", o: "read", t: "", x: 1 };

describe("a cell that says what no cell of ours says is ended, with one event, and the host goes on", () => {
  test.each<[string, (cell: TakenOver) => void]>([
    [
      "bytes that are not a value",
      (cell) => cell.says(Frame.result, 1, Buffer.from([255, 15, 111, 255, 255])),
    ],
    [
      "a request before the verdict on an import whose module is being prepared",
      (cell) => {
        cell.asks({ c: "import", o: "load", t: "module", x: 1 });
        cell.asks(request);
      },
    ],
    [
      "a call of a tool that has no argument",
      (cell) => cell.says(Frame.tool, 1, toolHead(1, "a.b")),
    ],
    [
      "a call of a tool cut in its name",
      (cell) => cell.says(Frame.tool, 1, Buffer.from([1, 0, 0, 0, 9, 97])),
    ],
    [
      "a call of a tool out of step",
      (cell) => cell.says(Frame.tool, 1, Buffer.concat([toolHead(2, "a.b"), serialize(1)])),
    ],
    [
      "a call of a tool with more than one value",
      (cell) =>
        cell.says(Frame.tool, 1, Buffer.concat([toolHead(1, "a.b"), serialize(1), Buffer.of(0)])),
    ],
    [
      "a typed array of an unknown kind",
      (cell) => cell.says(Frame.result, 1, Buffer.from([255, 15, 92, 99, 1, 0])),
    ],
    [
      "an array longer than its bytes",
      (cell) => cell.says(Frame.result, 1, Buffer.from([255, 15, 65, 255, 255, 255, 255, 15])),
    ],
    ["a message that is not a value", (cell) => cell.says(Frame.post, 1, Buffer.alloc(64, 200))],
    ["a failure that is cut off", (cell) => cell.says(Frame.failure, 1, Buffer.from("{"))],
    ["a failure of another form", (cell) => cell.says(Frame.failure, 1, { name: 1 })],
    ["a console line at no level", (cell) => cell.says(Frame.console, 1, Buffer.from([77, 120]))],
    ["a frame of unknown kind", (cell) => cell.says(99, 1, {})],
    ["a frame that only hosts send", (cell) => cell.says(Frame.exec, 1, {})],
    ["that it is ready, again", (cell) => cell.says(Frame.ready, 0, {})],
    ["a request of another form", (cell) => cell.asks({ ...request, extra: 1 })],
    [
      "a request for what no guard asks",
      (cell) => cell.asks({ ...request, c: "control", o: "reload_policy" }),
    ],
    ["an operation of another capability", (cell) => cell.asks({ ...request, o: "exec" })],
    ["a limit that the host keeps", (cell) => cell.asks({ ...request, c: "limit", o: "wall" })],
    ["a claim that no guard makes", (cell) => cell.asks({ ...request, k: "audit" })],
    ["a claim that is not text", (cell) => cell.asks({ ...request, k: { length: 1 } })],
    [
      "a claim about what was not a request",
      (cell) => cell.asks({ ...request, bad: "x", k: "hook" }),
    ],
    ["a target that is not text", (cell) => cell.asks({ ...request, t: { toString: 1 } })],
    ["an endless target", (cell) => cell.asks({ ...request, t: "x".repeat(5000) })],
    ["a request that repeats a number", (cell) => cell.asks(request, { id: 7 })],
    ["a request that is not a request", (cell) => cell.asks(request, { kind: Frame.result })],
    ["a message that is a RegExp", (cell) => cell.says(Frame.post, 1, serialize(/a/))],
    [
      "a result that is not a value",
      (cell) => cell.says(Frame.result, 1, Buffer.from("ff0f6f", "hex")),
    ],
    [
      "more output than a cell would let out",
      (cell) => cell.says(Frame.post, 1, Buffer.alloc(20_000_000)),
    ],
  ])("%s", async (_what, say) => {
    const { sandbox, cell, sink, ends } = takenOver();
    const waiting = rejectionOf(sandbox.exec("1"));
    say(cell);
    say(cell);
    const error = await waiting;
    expect(error).toBeInstanceOf(PolicyErrorOfPolicy);
    expect(sink.events).toHaveLength(1);
    expect(sink.events[0]?.policyRule).toMatch(/^limit\.(?:crash|output)$/);
    expect({ closed: sandbox.closed, kills: cell.kills, ends: ends() }).toEqual({
      closed: true,
      kills: 1,
      ends: 1,
    });
  });

  test("a result that does not travel is the guest's failure, and the cell goes on", async () => {
    const { sandbox, cell, sink } = takenOver();
    const waiting = rejectionOf(sandbox.exec("1"));
    cell.says(Frame.result, 1, serialize(/a/));
    expect(await waiting).toMatchObject({ guestName: "DataCloneError" });
    expect(sandbox.closed).toBe(false);
    expect(sink.events).toEqual([]);
  });

  test("a CPU limit reported on the asynchronous channel ends the cell, with one event", async () => {
    const { sandbox, cell, sink } = takenOver();
    cell.says(Frame.request, 1, { ...request, c: "limit", o: "cpu" });
    await Promise.resolve();
    await expect.poll(() => sandbox.closed).toBe(true);
    expect(sink.events.map((event) => event.policyRule)).toEqual(["limit.crash"]);
  });

  test("whatever the bytes are, on either channel: the host throws nothing, and there is at most one crash", () => {
    const kinds = Object.values(Frame);
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom(...kinds, 0, 77, 255),
            fc.nat({ max: 5 }),
            fc.oneof(
              fc.uint8Array({ maxLength: 64 }),
              fc.json().map((text) => Buffer.from(text)),
              fc.anything().map(bytesOf),
            ),
            fc.boolean(),
          ),
          { maxLength: 6 },
        ),
        (says) => {
          const { sandbox, cell, sink } = takenOver();
          sandbox.exec("1").catch(() => undefined);
          for (const [kind, id, body, blocking] of says) {
            if (blocking) cell.asks(body, { kind, id });
            else cell.says(kind, id, body);
          }
          expect(
            sink.events.filter((event) => event.reason === "limit").length,
          ).toBeLessThanOrEqual(1);
          void sandbox.close();
          expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("what a cell claims is only believed where it can be checked", () => {
  test("a denial that this cell never had is not a PolicyError", async () => {
    const { sandbox, cell } = takenOver();
    const waiting = rejectionOf(sandbox.exec("1"));
    const forged = encodeFailure(1, {
      denial: "mark-77",
      name: "PolicyError",
      message: "network denied",
      stack: "at /home/host/secret.ts\n    at node:internal",
    });
    cell.says(Frame.failure, 1, forged.subarray(HEAD_BYTES));
    expect(await waiting).toMatchObject({
      name: "GuestError",
      guestName: "PolicyError",
      guestStack: "",
    });
  });

  test("a result for a call that is not in flight settles nothing", async () => {
    const { sandbox, cell, sink } = takenOver();
    const first = sandbox.exec("1");
    cell.says(Frame.result, 2, serialize("forged"));
    cell.says(Frame.result, 0, serialize("forged"));
    cell.says(Frame.result, 1, serialize("real"));
    cell.says(Frame.result, 1, serialize("again"));
    expect(await first).toBe("real");
    expect(sink.events).toEqual([]);
  });

  test("requests of calls that never were are counted together, and limited like one call", () => {
    const { cell, sink } = takenOver({ calls: 3 });
    for (let x = 100; x < 110; x++) cell.asks({ ...request, x });
    expect(cell.answers).toHaveLength(10);
    expect(sink.events.map((event) => event.policyRule)).toEqual(Array(7).fill("limit.calls"));
  });

  test("a limit that the cell reports ends it with that limit, and one event", async () => {
    for (const limit of ["cpu", "memory"]) {
      const { sandbox, cell, sink } = takenOver();
      const waiting = rejectionOf(sandbox.exec("1"));
      cell.asks({ c: "limit", o: limit, t: "", x: 1 });
      cell.asks({ c: "limit", o: limit, t: "", x: 1 });
      expect(await waiting).toBeInstanceOf(PolicyErrorOfPolicy);
      expect(sink.events.map((event) => event.policyRule)).toEqual([`limit.${limit}`]);
    }
  });
});

test("decoding any bytes gives a value or throws, and pollutes no prototype", () => {
  const own = Object.getOwnPropertyNames(Object.prototype).length;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc
          .anything({ withTypedArray: true, withMap: true, withSet: true })
          .chain((value) => mutated(bytesOf(value))),
      ),
      (bytes) => {
        let thrown: unknown = new Error("none");
        try {
          decodeClone(bytes);
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toBeInstanceOf(Error);
        expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(own);
      },
    ),
    { numRuns: 2000 },
  );
});

function bytesOf(value: unknown): Uint8Array {
  try {
    return serialize(value);
  } catch {
    return serialize(null);
  }
}

/** The bytes with one of them changed. */
function mutated(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.nat({ max: Math.max(0, bytes.length - 1) }), fc.nat({ max: 255 }))
    .map(([at, byte]) => Uint8Array.from(bytes, (old, index) => (index === at ? byte : old)));
}
