import { NARROWER, type Program } from "./life.ts";
import { operation as op, OPERATIONS } from "./operations.ts";
import { attempt, FLAT, from } from "./programs.ts";

const flat = (name: string): string => from(FLAT, attempt(op(name)));

/** Touches every guarded operation, allowed and denied, and every way in and out of a guest. */
const PROGRAMS: readonly Program[] = [
  // The library is the guest's own code, which may be cut off anywhere.
  OPERATIONS.filter(({ later, name }) => !later && name !== "use the library")
    .map(({ name }) => flat(name))
    .join("\n"),
  `(async () => { ${OPERATIONS.filter(({ later }) => later)
    .map(({ name }) => flat(name))
    .join("\n")} await settled(); })()`,
  `post([{ get x() { ${flat("draw a number")} return 1; } }]); console.log({ [Symbol.for("nodejs.util.inspect.custom")]() { ${flat("read denied")} return 1; } })`,
  `setTimeout(() => { ${flat("write granted")} }, 0); clearTimeout(setTimeout(() => {}, 5)); queueMicrotask(() => { ${flat("read denied")} }); new Promise((go) => { setTimeout(go, 3); })`,
  `inBody = () => { ${flat("require big")} }; try { require("body"); } catch {} imp("on-big").then((m) => m.ten + m.eight)`,
  `import * as es from "es"; import fs2 from "node:fs"; export default es.nine + (fs2 === fs ? 1 : 0)`,
  `inCallback = () => { inCallback = () => {}; ${flat("write denied")} }; ${flat("run denied, called back")} settled()`,
  `for (const [say, ...what] of [["warn", "said %o", { a: [1] }], ["dir", new Map([[1, {}]])], ["table", [{ a: 1 }]], ["assert", false, "no"], ["count"], ["countReset"], ["time"], ["timeLog"], ["timeEnd"], ["group", "g"], ["trace", "t"], ["groupEnd"]]) console[say](...what)`,
  `new Promise((go, no) => { const often = setInterval(() => { try { clearInterval(often); setImmediate(go, "later"); } catch (error) { no(error); } }, 1); often.unref(); often.ref(); often.refresh(); clearImmediate(setImmediate(() => {})); })`,
  `[new Map([[1, { get x() { return 2; } }]]), new Set([{ get y() { return [3]; } }]), new RangeError("kept", { cause: 1 })]`,
  `({ [Symbol.iterator]: 1, deep: { get f() { return new Date(5); } } })`,
  `require("crypto").createHash("sha256").update("a").digest("hex") + require("crypto").randomBytes(4).length`,
  `new Promise((go, no) => { fs.readFile(G + "/r1", "utf8", (error, text) => { try { fs.access(G + "/few", () => go(text)); } catch (thrown) { no(thrown); } }); })`,
  `globalThis.go = () => { ${flat("read granted")} return new Map([[1, { a: [1n] }]]); }; 1`,
  { call: "go" },
  `({ get x() { ${flat("stat denied")} return 1; } })`,
  `throw new TypeError("mine")`,
  `Promise.reject(new Error("mine"))`,
  // One after another: an outcome that was left behind would be taken for that of the next.
  ["run granted", "run granted", "draw bytes", "require big", "run granted"].map(flat).join(" "),
  NARROWER,
  flat("read denied"),
  flat("run denied"),
  flat("write denied"),
  flat("read granted"),
];

/** Gives each program a result of its own, so that another's result would be noticed. */
export const WORKLOAD: readonly Program[] = PROGRAMS.map((program, index) =>
  typeof program === "string" && program.startsWith("{")
    ? `${program}; "result ${index}"`
    : program,
);
