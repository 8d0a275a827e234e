/**
 * Programs of an ordinary guest, each of which makes a value of another kind out of `n` of its smallest: what structured clone
 * writes of it is a few KiB.
 */
export const HONEST_KINDS: Readonly<Record<string, string>> = {
  "an array of holes": "(() => { const a = new Array(1e9); a.length = n * 1000; return a })()",
  "arrays of holes":
    "Array.from({ length: n / 10 }, () => { const a = new Array(1e9); a.length = 50000; return a })",
  undefined: "Array.from({ length: n })",
  null: "Array(n).fill(null)",
  smis: "Array(n).fill(1)",
  doubles: "Array.from({ length: n }, (_, i) => i + 0.5)",
  BigInts: "Array.from({ length: n }, () => 0n)",
  "short strings": "Array.from({ length: n }, (_, i) => String.fromCharCode(97 + (i % 26)) + 'b')",
  "one long string": "'a'.repeat(n * 8)",
  "a string of strings": "Array.from({ length: n }, (_, i) => 'k' + i).join()",
  "empty objects": "Array.from({ length: n }, () => ({}))",
  "objects of new names":
    "Array.from({ length: n / 10 }, (_, i) => Object.fromEntries(Array.from({ length: 10 }, (_, k) => ['k' + (i * 10 + k + salt++), 0])))",
  "one object of many names":
    "Object.fromEntries(Array.from({ length: n }, (_, k) => ['k' + (k + salt++), 0]))",
  "objects of an integer key": "Array.from({ length: n }, () => ({ 0: 0 }))",
  "objects of a large integer key": "Array.from({ length: n }, () => ({ 1000000: 0 }))",
  "elements in array and dictionary by turns":
    "(() => { const o = {}; for (let i = 0; i < n; i++) o[i] = 0; for (let i = n * 2 + 2000; i < n * 8; i += 1101) o[i] = o[i + 1] = 0; return o })()",
  "empty arrays": "Array.from({ length: n }, () => [])",
  "empty Maps": "Array.from({ length: n }, () => new Map())",
  "empty Sets": "Array.from({ length: n }, () => new Set())",
  "a Set of BigInts with equal low bits":
    "new Set(Array.from({ length: n }, (_, i) => (BigInt(i + 1) << 64n) | 1n))",
  Dates: "Array.from({ length: n }, (_, i) => new Date(i))",
  "boxed Booleans": "Array.from({ length: n }, () => Object(true))",
  "boxed numbers": "Array.from({ length: n }, () => Object(0.5))",
  "boxed strings": "Array.from({ length: n }, () => Object(''))",
  Errors: "Array.from({ length: n / 10 }, () => { const e = Error(''); e.stack = ''; return e })",
  "Errors in Errors":
    "(() => { let e; for (let i = 0; i < 100; i++) { e = Error('', { cause: e }); e.stack = '' } return e })()",
  ArrayBuffers: "Array.from({ length: n }, () => new ArrayBuffer(0))",
  "empty views": "Array.from({ length: n }, () => new Uint8Array(0))",
  "views on one buffer":
    "(() => { const b = new ArrayBuffer(8); return Array.from({ length: n / 2 }, () => new Float64Array(b)) })()",
  DataViews: "Array.from({ length: n / 2 }, () => new DataView(new ArrayBuffer(1)))",
  "one object many times": "(() => { const o = {}; return Array(n).fill(o) })()",
  "a circle": "(() => { const a = []; for (let i = 0; i < n; i++) a.push(a); return a })()",
  "arrays in arrays": "(() => { let a = []; for (let i = 0; i < 500; i++) a = [a]; return a })()",
  RegExps: "Array.from({ length: n / 4 }, () => /a/)",
  "one RegExp that is dear": `new RegExp("\\\\p{RGI_Emoji}".repeat(n / 20), "v")`,
  "resizable ArrayBuffers":
    "Array.from({ length: n / 10 }, () => new ArrayBuffer(0, { maxByteLength: 1 }))",
};

/** A guest that posts such a value so many times; what it may not post is refused, and it goes on. */
export function posting(kind: string, n: number, times: number): string {
  return `var salt = globalThis.salt ?? 0; const n = ${n};
    for (let time = 0; time < ${times}; time++) try { post(${HONEST_KINDS[kind] ?? ""}) } catch {}
    globalThis.salt = salt; 1`.replace("const n", "var n");
}

/** A guest whose result is such a value. */
export function resulting(kind: string, n: number): string {
  return `var salt = globalThis.salt ?? 0; var n = ${n}; var value = ${HONEST_KINDS[kind] ?? ""}; globalThis.salt = salt; value`;
}
