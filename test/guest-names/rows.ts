/** Arguments with which a guest calls a function, as source text, by the name that it has. */
export type Rows = Readonly<Record<string, string>>;

/** Names that are constructed. */
export const CLASSES: Rows = {
  AbortController: "",
  AbortSignal: "",
  Blob: `["a", new Uint8Array([98])], { type: "text/plain" }`,
  ByteLengthQueuingStrategy: "{ highWaterMark: 2 }",
  CountQueuingStrategy: "{ highWaterMark: 2 }",
  CustomEvent: `"x", { detail: 1 }`,
  DOMException: `"m", "AbortError"`,
  Event: `"x", { cancelable: true }`,
  EventTarget: "",
  File: `["a"], "name", { type: "text/plain" }`,
  FormData: "",
  Headers: `{ a: "b" }`,
  ReadableStream: "{ pull(controller) { controller.close(); } }",
  Request: `"http://127.0.0.1:1/", { method: "POST", body: "a" }`,
  Response: `"a", { status: 201, headers: { a: "b" } }`,
  TextDecoder: `"utf-8", { fatal: true }`,
  TextDecoderStream: `"utf-8"`,
  TextEncoder: "",
  TextEncoderStream: "",
  TransformStream: "{ transform(chunk, controller) { controller.enqueue(chunk); } }",
  URL: `"/a?b=1#c", "http://h:1/"`,
  URLSearchParams: `"a=1&b=2"`,
  WritableStream: "{ write() {} }, { highWaterMark: 1 }",
  "node:assert.AssertionError": "{ actual: 1, expected: 2, operator: 'strictEqual' }",
  "node:events": "",
  "node:stream": "",
  "node:stream.Readable": "{ read() { this.push(null); } }",
  "node:stream.Readable.ReadableState":
    "{ highWaterMark: 1 }, new (require('node:stream').Readable)()",
  "node:stream.Writable": "{ write(chunk, encoding, done) { done(); } }",
  "node:stream.Writable.WritableState":
    "{ highWaterMark: 1 }, new (require('node:stream').Writable)()",
  "node:stream.Duplex": "{ read() { this.push(null); }, write(chunk, encoding, done) { done(); } }",
  "node:stream.Transform": "{ transform(chunk, encoding, done) { done(null, chunk); } }",
  "node:stream.PassThrough": "",
  "node:string_decoder.StringDecoder": `"utf8"`,
};

/** Functions that need no authority. */
export const FUNCTIONS: Rows = {
  "AbortSignal.abort": "1",
  "AbortSignal.timeout": "1",
  "AbortSignal.any": "[AbortSignal.abort()]",
  "Atomics.notify": "new Int32Array(new SharedArrayBuffer(4)), 0, 1",
  "Atomics.waitAsync": "new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1",
  Buffer: `"a"`,
  "Buffer.alloc": `4, "a"`,
  "Buffer.allocUnsafe": "4",
  "Buffer.allocUnsafeSlow": "4",
  "Buffer.byteLength": `"a", "utf8"`,
  "Buffer.compare": `Buffer.from("a"), Buffer.from("b")`,
  "Buffer.concat": `[Buffer.from("a"), Buffer.from("b")], 2`,
  "Buffer.copyBytesFrom": "new Uint16Array(2), 0, 1",
  "Buffer.from": `"YQ==", "base64"`,
  "Buffer.isBuffer": "Buffer.alloc(1)",
  "Buffer.isEncoding": `"utf8"`,
  "ReadableStream.from": "[1, 2]",
  "Response.error": "",
  "Response.json": "{ a: 1 }, { status: 201 }",
  "Response.redirect": `"http://h/", 302`,
  "URL.parse": `"http://h/"`,
  "WebAssembly.compile": "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])",
  "WebAssembly.instantiate": "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]), {}",
  atob: `"YQ=="`,
  btoa: `"a"`,
  clearImmediate: "setImmediate(noop)",
  clearInterval: "setInterval(noop, 1)",
  clearTimeout: "setTimeout(noop, 1)",
  "console.assert": `false, "a"`,
  "console.clear": "",
  "console.count": `"a"`,
  "console.countReset": `"a"`,
  "console.debug": `"%s", "a"`,
  "console.dir": "{ a: [1] }, { depth: 0 }",
  "console.dirxml": "{}",
  "console.error": `"%o", {}`,
  "console.group": `"a"`,
  "console.groupEnd": "",
  "console.info": `"a", new Map([[1, 2]])`,
  "console.table": `[{ a: 1 }], ["a"]`,
  "console.time": `"a"`,
  "console.timeEnd": `"a"`,
  "console.timeLog": `"a", {}`,
  "console.timeStamp": `"a"`,
  "console.trace": `"a"`,
  "console.warn": `new Error("a")`,
  "crypto.subtle.digest": `"SHA-256", new Uint8Array(1)`,
  "node:crypto.createHash": `"sha256"`,
  "node:crypto.createHmac": `"sha256", "key"`,
  "node:crypto.getHashes": "",
  "node:crypto.hash": `"sha256", "a", "hex"`,
  "node:crypto.timingSafeEqual": "new Uint8Array(2), new Uint8Array(2)",
  "performance.now": "",
  "process.cwd": "",
  "process.emitWarning": `"a"`,
  "process.hrtime": "[0, 0]",
  "process.hrtime.bigint": "",
  "process.nextTick": "noop, 1",
  "process.stderr.write": `"a\\n"`,
  "process.stdout.write": `"a\\n"`,
  "process.uptime": "",
  queueMicrotask: "noop",
  setImmediate: "noop, 1",
  setInterval: "noop, 1, 2",
  setTimeout: "noop, 1, 2",
  structuredClone: "{ a: new Map([[1, [new Uint8Array(1)]]]) }",
};

/** What asks the broker, or goes to the host: the arguments, and the text by which an operation of the fuzzer makes the same call. */
export const GUARDED: Readonly<Record<string, readonly [args: string, fuzzed: string]>> = {
  "Math.random": ["", "Math.random("],
  __import__: [`"node:net"`, "imp("],
  "console.log": [`"a", {}`, "console.log("],
  "crypto.getRandomValues": ["new Uint8Array(4)", "crypto.getRandomValues("],
  "crypto.randomUUID": ["", "crypto.randomUUID("],
  fetch: [`"http://127.0.0.1:1/", { headers: { a: "b" } }`, "fetch("],
  "node:child_process.execFile": [`"/none", ["a"], noop`, "cp.execFile("],
  "node:child_process.execFileSync": [`"/none", ["a"], { timeout: 1 }`, "cp.execFileSync("],
  "node:crypto.randomBytes": ["4", "randomBytes("],
  "node:crypto.randomInt": ["0, 9", "randomInt("],
  post: ["{ a: [1] }", "post("],
  require: [`"node:net"`, "require("],
  "tools.crm.lookup": ["{ id: 1 }", "tools.count.once("],
  "node:fs.existsSync": [`"/none"`, "fs.existsSync("],
  "node:fs.createReadStream": [`undefined, { fd: 99, autoClose: false }`, "fs.createReadStream("],
  "node:fs.createWriteStream": [`undefined, { fd: 99, autoClose: false }`, "fs.createWriteStream("],
  "node:fs/promises.open": [`"/none"`, "fs.promises.open("],
  "node:fs/promises.truncate": [`"/none"`, "fs.promises.truncate("],
  ...ofOpenFiles({
    open: `"/none", "r"`,
    close: "99",
    read: "99, new Uint8Array(4), 0, 4, 0",
    readv: "99, [new Uint8Array(4)], 0",
    write: `99, "a", 0, "utf8"`,
    writev: "99, [new Uint8Array(4)], 0",
    fstat: "99",
    ftruncate: "99, 1",
    fsync: "99",
    fdatasync: "99",
    truncate: `"/none", 1`,
  }),
  ...ofFiles({
    readFile: `"/none", "utf8"`,
    writeFile: `"/none", "a", { mode: 0o600 }`,
    appendFile: `"/none", "a"`,
    mkdir: `"/none/a", { recursive: true }`,
    readdir: `"/none", { withFileTypes: true }`,
    stat: `"/none", { throwIfNoEntry: false }`,
    lstat: `"/none"`,
    access: `"/none", 4`,
    realpath: `"/none"`,
    unlink: `"/none"`,
    copyFile: `"/none", "/other", 1`,
    rename: `"/none", "/other"`,
    rm: `"/none", { recursive: true, force: true }`,
  }),
};

/** The two forms of each function that opens a file or uses one that is open. */
function ofOpenFiles(calls: Rows): Record<string, readonly [args: string, fuzzed: string]> {
  const rows: Record<string, readonly [string, string]> = {};
  for (const [name, args] of Object.entries(calls)) {
    rows[`node:fs.${name}Sync`] = [args, `fs.${name}Sync(`];
    rows[`node:fs.${name}`] = [`${args}, noop`, `calledBack("${name}"`];
  }
  return rows;
}

/** The three forms of each function of `node:fs`. */
function ofFiles(calls: Rows): Record<string, readonly [args: string, fuzzed: string]> {
  const rows: Record<string, readonly [string, string]> = {};
  for (const [name, args] of Object.entries(calls)) {
    rows[`node:fs.${name}Sync`] = [args, `fs.${name}Sync(`];
    rows[`node:fs/promises.${name}`] = [args, `fs.promises.${name}(`];
    rows[`node:fs.${name}`] = [`${args}, noop`, `calledBack("${name}"`];
  }
  return rows;
}
