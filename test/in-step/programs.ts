import { callsSource, FAILING_CALLS, FREE_CALLS } from "../guest-names/guest-calls.ts";
import type { Ground } from "./ground.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";

/** Most attempts of one guest that are written down; what comes then is not tried. */
const MAX_ATTEMPTS = 50_000;

/** The state of an attempt in the guest's own account. */
export const State = {
  begun: 1,
  /** It gave a value. */
  done: 2,
  refused: 3,
  /** Cut off by the engine: RangeError. */
  cut: 4,
  failed: 5,
} as const;

/** The names that `useNext` goes through. */
const USED_CALLS = FREE_CALLS.filter(({ path }) => !Object.hasOwn(FAILING_CALLS, path));

/** What a guest says that it did. Read with `REPORT`, after the program before it has settled. */
export interface Account {
  /** Index of the operation in `OPERATIONS` and 1, by attempt. */
  readonly kinds: Uint8Array;
  /** {@link State}, by attempt. */
  readonly states: Uint8Array;
  /** What it gave, or why it failed. */
  readonly values: readonly unknown[];
}

/**
 * What every guest runs first. It keeps its account in typed arrays and a list that is long enough: at the end of the stack
 * a store still works, where a call would not.
 */
export function prelude(ground: Ground): string {
  const text = JSON.stringify;
  return `
    var fs = require("node:fs"), cp = require("node:child_process"), imp = (name) => import(name);
    var G = ${text(ground.granted)}, D = ${text(ground.denied)}, C = ${text(ground.command)}, N = ${text(ground.deniedCommand)};
    var P = ${ground.port}, Q = ${ground.deniedPort};
    var next = 0, K = new Uint8Array(${MAX_ATTEMPTS}), S = new Uint8Array(${MAX_ATTEMPTS}), V = new Array(${MAX_ATTEMPTS}).fill(null);
    var waits = [];
    var later = (i, promise) => {
      waits.push(promise.then((value) => { V[i] = value; S[i] = ${State.done}; }, (e) => {
        S[i] = e?.name === "PolicyError" ? ${State.refused} : e?.name === "RangeError" ? ${State.cut} : ${State.failed};
        V[i] = e?.reason ?? e?.message;
      }));
    };
    var settled = async () => { while (waits.length > 0) await waits.pop(); };
    var inBody = () => {}, inCallback = () => {};
    var calledBack = (name, ...args) => new Promise((go, no) => { fs[name](...args, (error, value) => { if (error) no(error); else go(value); }); });
    // Only each eighth attempt begins where its later requests have no room: at the end of the stack all others would make the first of
    // them at every frame, and take the guest's whole time.
    var deep = (frames) => { if (frames > 0) deep(frames - 1); }, roomy = (i) => { if (i % 8 !== 0) deep(40); };
    var useFile = (fd, use) => { try { return use(fd); } finally { fs.closeSync(fd); } };
    var useLater = async (fd, use) => { try { return await use(); } finally { await calledBack("close", fd); } };
    var calls = ${callsSource(USED_CALLS)};
    var useNext = (i) => {
      const made = calls[i % calls.length].make();
      clearInterval(made);
      if (made instanceof Promise) made.catch(() => {});
      return i;
    };
    undefined;`;
}

/** Loads the whole library: at the end of the stack each try would begin anew, and take the guest's whole time. */
export const LOAD_LIBRARY = `for (const call of calls) call.value;
  fs.createReadStream(undefined, { fd: 99, autoClose: false }); undefined`;

/** Waits for what programs have left under way. Gives how many attempts there are. */
export const SETTLE = `settled().then(() => next)`;

/** The guest's account, once nothing is under way. */
export const REPORT = `({ kinds: K.slice(0, next), states: S.slice(0, next), values: V.slice(0, next) })`;

/** One attempt, as statements that write down how it went. `options` is an expression for the options that it takes. */
export function attempt(row: Operation, options = ""): string {
  const kind = OPERATIONS.indexOf(row) + 1;
  const call = row.later
    ? `later(i, ${row.source(options)})`
    : `V[i] = ${row.source(options)}; S[i] = ${State.done}`;
  return `if (next < ${MAX_ATTEMPTS}) { const i = next++; K[i] = ${kind}; S[i] = ${State.begun}; try { ${call}; ok++; } catch (e) {
    const name = e?.name; if (name === "PolicyError") { S[i] = ${State.refused}; ok++; } else S[i] = name === "RangeError" ? ${State.cut} : ${State.failed}; V[i] = e?.reason ?? e?.message; } }`;
}

/** Where in the guest's stack something happens. */
export interface Depth {
  /** Frames below it; `end` goes as deep as there is room, and acts on the way back. */
  readonly frames: number | "end";
  /** Numbers in each frame: how far one frame is from the next decides where exactly the engine cuts our code off. */
  readonly pad: number;
  /** On the way back, acts at each of this many frames … */
  readonly near: number;
  /** … then at each frame whose number is a multiple of this … */
  readonly every: number;
  /** … at most this often … */
  readonly most: number;
  /** … until this many attempts have ended. */
  readonly enough: number;
}

export const FLAT: Depth = { frames: 0, pad: 0, near: 0, every: 1, most: 1, enough: Infinity };
export const END: Depth = { frames: "end", pad: 0, near: 0, every: 1, most: 10_000, enough: 2 };

/** A statement that does something from a depth of the guest's stack. The statement counts in `ok` what has ended. */
export function from(depth: Depth, what: string): string {
  const { frames, pad, near, every, most, enough } = depth;
  if (frames === 0) return `{ let ok = 0; ${what} }`;
  const names = Array.from({ length: pad }, (_, index) => `p${index}`);
  const padding = names.map((name, index) => `let ${name} = x + ${index};`).join(" ");
  const sum = names.map((name) => ` + ${name}`).join("");
  const limit = enough === Infinity ? "" : ` && ok < ${enough}`;
  const deeper = frames === "end" ? "f(x + 1);" : `if (x < ${frames}) f(x + 1);`;
  return `(() => { let ok = 0, frame = 0, left = ${most}; const f = (x) => { ${padding} try { ${deeper} } catch {}
    if (left > 0${limit} && (frame++ < ${near} || frame % ${every} === 0)) { left--; ${what} } return x${sum}; }; try { f(0); } catch {} })();`;
}

/**
 * Lets V8 drop the code that the cell has not used for a while: garbage collections in the cell's own isolate, which each
 * message makes, so that the next use compiles it again, wherever that is. Something else is used meanwhile.
 */
export function dropCode(meanwhile: string, rounds = 60): string {
  return `{ let ok = 0; const big = new Array(1e9); big.length = 6e5; for (let round = 0; round < ${rounds}; round++) { ${meanwhile} try { post(big); } catch {} } }`;
}
