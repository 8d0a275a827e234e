// A value that cannot travel is copied as structuredClone would, or is a GuestError that says what it was.
import { PolicyError, Supervisor, GuestError, type Sandbox } from "@pyisolate/sandbox-core";
import { afterAll, describe, expect, test } from "vitest";

const WASM = "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])";

/** What each is called in the error: its class, or what it is. */
const NAMED: readonly (readonly [string, RegExp])[] = [
  [`new WebAssembly.Module(${WASM})`, /WebAssembly\.Module|Module/],
  [`({ deep: [new WebAssembly.Module(${WASM})] })`, /WebAssembly\.Module|Module/],
  [
    `({ a: new WebAssembly.Module(${WASM}), b: new WebAssembly.Module(${WASM}) })`,
    /WebAssembly\.Module|Module/,
  ],
  ["new WebAssembly.Memory({ initial: 1 })", /WebAssembly\.Memory|Memory/],
  [`new WebAssembly.Instance(new WebAssembly.Module(${WASM}))`, /WebAssembly\.Instance|Instance/],
  ["/a/", /RegExp/],
  ["({ pattern: /a/g })", /RegExp/],
  ["new Map([[1, /a/]])", /RegExp/],
  ["new ArrayBuffer(8, { maxByteLength: 16 })", /resizable/i],
  ["new SharedArrayBuffer(8)", /SharedArrayBuffer/],
  ["new Uint8Array(new SharedArrayBuffer(8))", /a view of a SharedArrayBuffer/],
  ["({ deep: [new DataView(new SharedArrayBuffer(8))] })", /deep\.0 is a view of a SharedArrayB/],
  ["new Set([new Int32Array(new SharedArrayBuffer(8), 4)])", /a view of a SharedArrayBuffer/],
  ["[() => 1]", /function|=>/i],
  ["({ method() {} })", /function|method/i],
  ["[Symbol('s')]", /symbol/i],
  ["[new WeakMap()]", /WeakMap/],
  ["[new WeakRef({})]", /WeakRef/],
  ["[Promise.resolve(1)]", /Promise/],
  ["[new Proxy({}, {})]", /Proxy|object/i],
  ["[(function* () {})()]", /Generator/],
];

/** What structuredClone makes of each. */
const COPIED: readonly (readonly [string, unknown])[] = [
  ["({ get a() { return 1 } })", { a: 1 }],
  ["[{ get a() { return [{ get b() { return 2 } }] } }]", [{ a: [{ b: 2 }] }]],
  ["Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })", { a: 1 }],
  ["Object.defineProperty({ b: 2 }, 'a', { get: () => 1 })", { b: 2 }],
  ["new (class A { x = 1; get y() { return 2 } })()", { x: 1 }],
  ["Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } })", { own: 2 }],
  ["Object.freeze({ a: Object.freeze([1]) })", { a: [1] }],
  ["({ [Symbol('s')]: 1, a: 2 })", { a: 2 }],
  // A view travels with the bytes that it shows, whether or not the buffer could grow.
  ["new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }))", new Uint8Array(8)],
  ["({ get a() { return new Uint8Array([1, 2, 3]).subarray(1) } })", { a: new Uint8Array([2, 3]) }],
  ["() => 1", undefined],
  ["(function named() {})", undefined],
  ["class A {}", undefined],
  ["Math.max", undefined],
  ["async () => 1", undefined],
  ["[, 1, , 2]", [undefined, 1, undefined, 2]],
  ["Object.assign([1], { extra: 2 })", Object.assign([1], { extra: 2 })],
  ["JSON.parse('{\"__proto__\": 1}')", JSON.parse('{"__proto__": 1}')],
  ["(() => { const a = {}; return [a, a] })()", [{}, {}]],
];

describe("a result", () => {
  const supervisor = new Supervisor({ policy: { version: 1, name: "travel", rules: [] } });
  let cell: Sandbox | undefined;
  /** A cell that lives: where one was ended, that test has failed, and the next is not to fail with it. */
  const living = async (): Promise<Sandbox> => {
    if (cell === undefined || cell.closed) cell = await supervisor.spawn("travel");
    return cell;
  };
  afterAll(async () => await supervisor.close());

  test.each(NAMED)("%s is a GuestError that names it", async (program, name) => {
    const error = await (await living()).exec(`(0, ${program})`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GuestError);
    expect(String(error)).toMatch(name);
    expect(cell?.closed, "the cell lives").toBe(false);
  });

  test.each(COPIED)("%s is copied", async (program, copy) => {
    expect(await (await living()).exec(`(0, ${program})`)).toEqual(copy);
  });

  test.each([
    "({ get a() { throw new TypeError('mine') } })",
    "[{ get a() { throw new TypeError('mine') } }]",
    "({ get a() { throw 1 } })",
    "new Proxy({}, { get() { throw new TypeError('mine') } })",
    "({ get a() { return this } , get b() { return () => 1 } })",
  ])("%s is a GuestError, and nothing else", async (program) => {
    const error = await (await living()).exec(`(0, ${program})`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GuestError);
    expect(error).not.toBeInstanceOf(PolicyError);
    expect(cell?.closed, "the cell lives").toBe(false);
  });

  test("a module that is refused is a PolicyError, and no failed copy", async () => {
    const program = `await import("node:path")`;
    const outcome = await (await living()).exec(program).catch((thrown: unknown) => thrown);
    // The policy allows no import: the refusal is the guest's, and no error of the transport.
    expect(outcome).toBeInstanceOf(PolicyError);
  });
});
