import type { Answer, Bridge, GuestHandles, Outcome, Primitive } from "./bridge.ts";

/**
 * The code planted inside the isolate: stubs that ask, and the runner that tells how a program ended. It crosses the wall
 * as its own source text, so it names nothing outside itself. The guest shares its realm and may replace any global or
 * prototype method afterwards: what is needed later is captured here first, and nothing is looked up on a prototype.
 */
export function guestRuntime(bridge: Bridge, limits: { readonly maxText: number }): GuestHandles {
  "use strict";
  const realm = globalThis as unknown as Record<string, unknown>;
  const { apply, defineProperty, ownKeys } = Reflect;
  const { parse, stringify } = JSON;
  const { create, freeze } = Object;
  // Under another name it is an indirect eval: it runs in the global scope, not in this one.
  const indirectEval = eval;
  const ErrorHere = Error;
  const TypeErrorHere = TypeError;
  const PromiseHere = Promise;
  const DateHere = Date;
  const Bytes = Uint8Array;
  const text = String;
  const isView = ArrayBuffer.isView;
  const BufferHere = ArrayBuffer;
  const { isArray } = Array;
  const { min, trunc } = Math;

  type Method = (...args: never[]) => unknown;
  const unbound =
    <R>(method: Method) =>
    (self: unknown, ...args: unknown[]): R =>
      apply(method as (...args: unknown[]) => unknown, self, args) as R;
  const slice = unbound<string>(String.prototype.slice as Method);
  const split = unbound<string[]>(String.prototype.split as Method);
  const lower = unbound<string>(String.prototype.toLowerCase as Method);
  const then = unbound<Promise<unknown>>(Promise.prototype.then as Method);
  const weakGet = unbound<string | undefined>(WeakMap.prototype.get as Method);
  const weakSet = unbound<unknown>(WeakMap.prototype.set as Method);
  const weakMap = new WeakMap<object, string>();
  const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
  const typedArrayGetter = (name: string): Method =>
    Object.getOwnPropertyDescriptor(typedArrayPrototype, name)?.get as Method;
  const bufferOf = unbound<ArrayBuffer>(typedArrayGetter("buffer"));
  const byteOffsetOf = unbound<number>(typedArrayGetter("byteOffset"));
  const byteLengthOf = unbound<number>(typedArrayGetter("byteLength"));
  const setBytes = unbound<void>(Uint8Array.prototype.set as Method);
  const arraySlice = unbound<unknown[]>(Array.prototype.slice as Method);
  const tagOf = unbound<string>(typedArrayGetterByTag());

  function typedArrayGetterByTag(): Method {
    return Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag)?.get as Method;
  }

  // ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────────

  const own = (target: object, name: string, value: unknown): void => {
    defineProperty(target, name, { __proto__: null, value, writable: true, configurable: true, enumerable: false } as PropertyDescriptor);
  };

  /** The refusal a guest sees: a fixed message, capability, reason and id; nothing of the host. */
  function refusalError(payload: string): Error {
    const words = split(payload, " ") as [string, string, string];
    // By index: destructuring would ask the array iterator, which the guest may have replaced, for the id.
    const capability = words[0];
    const reason = words[1];
    const id = words[2];
    const error = new ErrorHere(`${capability} denied (${reason})`);
    own(error, "name", "PolicyError");
    own(error, "capability", capability);
    own(error, "reason", reason);
    own(error, "denialId", id);
    // Identity, not looks, tells a refusal from a guest-made error.
    weakSet(weakMap, error, id);
    return error;
  }

  function failureError(json: string): Error {
    const fields = parse(json) as Record<string, unknown>;
    const error = new (fields["type"] === "TypeError" ? TypeErrorHere : ErrorHere)(text(fields["message"]));
    for (const name of ["code", "errno", "syscall", "path", "status", "signal", "killed", "stdout", "stderr"]) {
      const value = fields[name];
      if (value !== undefined) defineProperty(error, name, { __proto__: null, value, writable: true, configurable: true, enumerable: true } as PropertyDescriptor);
    }
    return error;
  }

  function valueOf(answer: Answer): unknown {
    if (typeof answer !== "string") return answer;
    const payload = slice(answer, 1);
    switch (answer[0]) {
      case "v":
        return payload;
      case "j":
        return parse(payload);
      case "r":
        throw refusalError(payload);
      case "e":
        throw failureError(payload);
      default:
        return answer;
    }
  }

  const ask = (name: string, ...args: Primitive[]): unknown => valueOf(bridge.sync(name, ...args));

  type Waiting = {
    readonly resolve: (value: unknown) => void;
    readonly reject: (error: unknown) => void;
    readonly shape: (value: unknown, body: Uint8Array | undefined) => unknown;
  };
  // Null-prototype tables: a guest-made property of Object.prototype must not be found in them.
  const waiting = create(null) as Record<number, Waiting>;
  let lastCall = 0;

  function askLater<T>(shape: (value: unknown, body: Uint8Array | undefined) => T, name: string, ...args: Primitive[]): Promise<T> {
    return new PromiseHere<T>((resolve, reject) => {
      const callId = ++lastCall;
      waiting[callId] = { resolve: resolve as (value: unknown) => void, reject, shape };
      bridge.async(callId, name, ...args);
    });
  }

  function settle(callId: number, answer: Answer, body: Uint8Array | undefined): void {
    const call = waiting[callId];
    if (call === undefined) return;
    delete waiting[callId];
    try {
      call.resolve(call.shape(valueOf(answer), body));
    } catch (error) {
      call.reject(error);
    }
  }

  // ── arguments: read once, turned into primitives, never trusted ────────────────────────────────────────────────────

  /** Text for a target; null, which no guard accepts, for anything else. One character too many is enough to be refused. */
  const targetText = (value: unknown): string | null =>
    typeof value === "string" ? slice(value, 0, limits.maxText + 1) : null;

  function bytesOf(value: unknown): Uint8Array | null {
    try {
      if (isView(value)) {
        return tagOf(value) === undefined ? null : new Bytes(bufferOf(value), byteOffsetOf(value), byteLengthOf(value));
      }
      return value instanceof BufferHere ? new Bytes(value) : null;
    } catch {
      return null;
    }
  }

  /** Content: `s` and text, or `b` and a copy of the bytes, or null for what is neither. */
  function content(value: unknown): [string | null, string | Uint8Array] {
    if (typeof value === "string") return ["s", value];
    const bytes = bytesOf(value);
    return bytes === null ? [null, ""] : ["b", new Bytes(bytes)];
  }

  function option(options: unknown, name: string): unknown {
    return typeof options === "object" && options !== null ? (options as Record<string, unknown>)[name] : undefined;
  }

  function encodingOf(options: unknown): string | null {
    const encoding = typeof options === "string" ? options : option(options, "encoding");
    return encoding === undefined || encoding === null ? null : text(encoding);
  }

  const same = (value: unknown): unknown => value;
  const nothing = (): undefined => undefined;

  // ── node:fs ────────────────────────────────────────────────────────────────────────────────────────────────────────

  function stats(value: unknown): object {
    const fields = value as { kind: string; size: number; mode: number; mtimeMs: number; birthtimeMs: number };
    return freeze({
      size: fields.size,
      mode: fields.mode,
      mtimeMs: fields.mtimeMs,
      birthtimeMs: fields.birthtimeMs,
      mtime: new DateHere(fields.mtimeMs),
      birthtime: new DateHere(fields.birthtimeMs),
      isFile: () => fields.kind === "file",
      isDirectory: () => fields.kind === "directory",
      isSymbolicLink: () => false,
    });
  }

  // Each row: how the arguments become primitives, and how the answer becomes what Node would return.
  type Row = readonly [name: string, args: (given: unknown[]) => Primitive[], shape: (value: unknown) => unknown];
  const fsRows: readonly Row[] = [
    ["readFile", ([path, options]) => [targetText(path), encodingOf(options)], same],
    ["writeFile", ([path, data]) => [targetText(path), ...content(data)], nothing],
    ["appendFile", ([path, data]) => [targetText(path), ...content(data)], nothing],
    ["mkdir", ([path, options]) => [targetText(path), option(options, "recursive") === true], nothing],
    ["readdir", ([path]) => [targetText(path)], same],
    ["stat", ([path]) => [targetText(path)], stats],
    ["rm", ([path, options]) => [targetText(path), option(options, "recursive") === true, option(options, "force") === true], nothing],
  ];
  const fs: Record<string, unknown> = {};
  const fsPromises: Record<string, unknown> = {};
  for (let index = 0; index < fsRows.length; index++) {
    const [name, args, shape] = fsRows[index] as Row;
    fs[`${name}Sync`] = (...given: unknown[]) => shape(ask(`fs.${name}`, ...args(given)));
    fsPromises[name] = async (...given: unknown[]) => askLater(shape, `fs.${name}`, ...args(given));
  }
  fs["existsSync"] = (path: unknown) => ask("fs.exists", targetText(path));
  fs["promises"] = freeze(fsPromises);

  // ── node:child_process ─────────────────────────────────────────────────────────────────────────────────────────────

  function execArguments(command: unknown, args: unknown, options: unknown): Primitive[] {
    const input = content(option(options, "input") ?? "");
    const timeout = option(options, "timeout");
    return [
      targetText(command),
      args === undefined || args === null ? "[]" : isArray(args) ? listText(args) : null,
      input[0],
      input[1],
      typeof timeout === "number" ? timeout : 0,
      encodingOf(options),
    ];
  }

  /** Longest text of a list or of headers: more than any guard takes. What is longer is not copied only to be refused. */
  const maxList = 131_072;

  /** A list of texts as JSON, without the guest's toJSON having a say; null where an item is no text. */
  function listText(list: unknown[]): string | null {
    let out = "[";
    for (let index = 0; index < list.length; index++) {
      const item = list[index];
      if (typeof item !== "string" || index > 4096 || out.length + item.length > maxList) return null;
      out += (index === 0 ? "" : ",") + stringify(item);
    }
    return `${out}]`;
  }

  const splitArguments = (rest: unknown[]): [unknown, unknown, unknown] => {
    const callback = typeof rest[rest.length - 1] === "function" ? rest[rest.length - 1] : undefined;
    const given = callback === undefined ? rest : arraySlice(rest, 0, rest.length - 1);
    return isArray(given[0]) || given.length === 2 ? [given[0], given[1], callback] : [undefined, given[0], callback];
  };

  const childProcess = {
    execFileSync: (command: unknown, ...rest: unknown[]) => {
      const [args, options] = splitArguments(rest);
      return ask("child_process.execFile", ...execArguments(command, args, options));
    },
    execFile: (command: unknown, ...rest: unknown[]) => {
      const [args, options, callback] = splitArguments(rest);
      const answer = askLater(same, "child_process.execFile", ...execArguments(command, args, options ?? "utf8"));
      if (typeof callback !== "function") return answer;
      then(
        answer,
        (value: unknown) => {
          const { stdout, stderr } = value as { stdout: unknown; stderr: unknown };
          apply(callback as (...args: unknown[]) => unknown, undefined, [null, stdout, stderr]);
        },
        (error: unknown) => {
          apply(callback as (...args: unknown[]) => unknown, undefined, [error, option(error, "stdout") ?? "", option(error, "stderr") ?? ""]);
        },
      );
      return undefined;
    },
  };

  // ── random ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  function getRandomValues(array: unknown): unknown {
    let kind: unknown;
    let bytes: Uint8Array | null = null;
    try {
      kind = tagOf(array);
      bytes = bytesOf(array);
    } catch {
      kind = undefined;
    }
    const integers = typeof kind === "string" && kind !== "Float16Array" && kind !== "Float32Array" && kind !== "Float64Array";
    const values = ask("crypto.getRandomValues", integers && bytes !== null ? byteLengthOf(bytes) : null);
    if (bytes !== null) setBytes(bytes, values);
    return array;
  }
  const randomUUID = (): unknown => ask("crypto.randomUUID");
  const crypto = freeze({ getRandomValues, randomUUID });

  // ── fetch ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  function headerText(headers: unknown): string | null {
    if (headers === undefined || headers === null) return "[]";
    if (typeof headers !== "object") return null;
    let out = "[";
    const names = ownKeys(headers);
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      if (typeof name !== "string" || index > 256) return null;
      const value = text((headers as Record<string, unknown>)[name]);
      if (out.length + name.length + value.length > maxList) return null;
      out += `${index === 0 ? "" : ","}[${stringify(name)},${stringify(value)}]`;
    }
    return `${out}]`;
  }

  function response(value: unknown, body: Uint8Array | undefined): object {
    const head = value as { status: number; statusText: string; url: string; redirected: boolean; headers: [string, string][]; text: string };
    const table = create(null) as Record<string, string>;
    for (let index = 0; index < head.headers.length; index++) {
      const [name, content] = head.headers[index] as [string, string];
      table[name] = table[name] === undefined ? content : `${table[name]}, ${content}`;
    }
    const bytes = body ?? new Bytes(0);
    return freeze({
      ok: head.status >= 200 && head.status < 300,
      status: head.status,
      statusText: head.statusText,
      url: head.url,
      redirected: head.redirected,
      headers: freeze({
        get: (name: unknown) => table[lower(text(name))] ?? null,
        has: (name: unknown) => table[lower(text(name))] !== undefined,
        entries: () => head.headers,
      }),
      text: async () => head.text,
      json: async () => parse(head.text) as unknown,
      arrayBuffer: async () => bufferOf(new Bytes(bytes)),
      bytes: async () => new Bytes(bytes),
    });
  }

  const fetchHere = async (input: unknown, init?: unknown): Promise<unknown> => {
    const body = option(init, "body");
    const redirect = option(init, "redirect");
    return askLater(
      response,
      "fetch",
      targetText(typeof input === "string" ? input : option(input, "href")),
      text(option(init, "method") ?? "GET"),
      headerText(option(init, "headers")),
      ...(body === undefined || body === null ? (["s", ""] as [string, string | Uint8Array]) : content(body)),
      redirect === undefined ? "follow" : text(redirect),
    );
  };

  // ── import ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  const builtins = create(null) as Record<string, unknown>;
  builtins["node:fs"] = freeze(fs);
  builtins["node:fs/promises"] = fsPromises;
  builtins["node:child_process"] = freeze(childProcess);
  builtins["node:crypto"] = freeze({ getRandomValues, randomUUID, webcrypto: crypto });
  const loaded = create(null) as Record<string, { exports: unknown }>;
  let received: unknown;

  function load(name: unknown): { readonly namespace: unknown; readonly isNamespace: boolean } {
    const specifier = targetText(name);
    // The answer is read here and not by `ask`: its payload is guest-readable source, whose first letter is ours.
    const answer = bridge.sync("import", specifier) as string;
    const payload = slice(answer, 1);
    if (answer[0] === "b") return { namespace: builtins[payload], isNamespace: false };
    if (answer[0] === "n") {
      const namespace = received;
      received = undefined;
      return { namespace, isNamespace: true };
    }
    if (answer[0] !== "c") return { namespace: valueOf(answer), isNamespace: false };
    const known = loaded[specifier as string];
    if (known !== undefined) return { namespace: known.exports, isNamespace: false };
    const module = { exports: {} as unknown };
    loaded[specifier as string] = module;
    try {
      const body = indirectEval(`(function (module, exports, require, process) {${payload}\n})\n//# sourceURL=${specifier as string}`) as (...args: unknown[]) => void;
      apply(body, module.exports, [module, module.exports, require, { cwd: () => "/" }]);
    } catch (error) {
      delete loaded[specifier as string];
      throw error;
    }
    return { namespace: module.exports, isNamespace: false };
  }

  function require(name: unknown): unknown {
    return load(name).namespace;
  }

  /** What `import(name)` and `import … from` become: the isolate has no dynamic import of its own. */
  const importHere = async (name: unknown): Promise<unknown> => {
    const { namespace, isNamespace } = load(text(name));
    // A namespace of ES modules may be a thenable; wrapped, so that `await` does not call what the module exported.
    if (isNamespace) return namespace;
    const wrapped = create(null) as Record<string, unknown>;
    if (typeof namespace === "object" && namespace !== null) {
      const names = ownKeys(namespace);
      for (let index = 0; index < names.length; index++) {
        const key = names[index];
        if (typeof key === "string" && key !== "then") wrapped[key] = (namespace as Record<string, unknown>)[key];
      }
    }
    wrapped["default"] = namespace;
    return wrapped;
  };

  // ── console, post, timers ──────────────────────────────────────────────────────────────────────────────────────────

  function shown(value: unknown): string {
    if (typeof value === "string") return value;
    try {
      if (value instanceof ErrorHere) return text(value.stack);
      if (typeof value === "object" && value !== null) return stringify(value) ?? text(value);
      return typeof value === "symbol" || typeof value === "function" ? typeof value : text(value);
    } catch {
      return "[unprintable]";
    }
  }

  const consoleHere: Record<string, unknown> = {};
  for (const level of ["debug", "log", "info", "warn", "error"]) {
    consoleHere[level] = (...values: unknown[]): void => {
      let line = "";
      for (let index = 0; index < values.length; index++) {
        line += (index === 0 ? "" : " ") + shown(values[index]);
        if (line.length > limits.maxText) break;
      }
      valueOf(bridge.console(level, slice(line, 0, limits.maxText)));
    };
  }

  let posted: unknown;
  const post = (message: unknown): void => {
    posted = message;
    try {
      valueOf(bridge.post());
    } finally {
      posted = undefined;
    }
  };

  const timers = create(null) as Record<number, () => void>;
  let lastTimer = 0;
  const setTimeoutHere = (callback: unknown, milliseconds?: unknown, ...args: unknown[]): number => {
    if (typeof callback !== "function") throw new TypeErrorHere("setTimeout needs a function");
    const id = ++lastTimer;
    if (!bridge.timer(id, typeof milliseconds === "number" && milliseconds > 0 ? min(trunc(milliseconds), 0x7fffffff) : 0)) {
      throw new ErrorHere("too many timers");
    }
    timers[id] = () => void apply(callback as (...args: unknown[]) => unknown, undefined, args);
    return id;
  };
  const clearTimeoutHere = (id: unknown): void => {
    if (typeof id !== "number") return;
    delete timers[id];
    bridge.clearTimer(id);
  };
  const fire = (id: number): void => {
    const callback = timers[id];
    delete timers[id];
    callback?.();
  };

  // ── the runner ─────────────────────────────────────────────────────────────────────────────────────────────────────

  const outcomes = create(null) as Record<number, Outcome>;

  function read(value: unknown, name: string, fallback: string): string {
    try {
      const field = (value as Record<string, unknown>)[name];
      return typeof field === "string" ? slice(field, 0, limits.maxText) : fallback;
    } catch {
      return fallback;
    }
  }

  function fail(execId: number, error: unknown): void {
    const isObject = (typeof error === "object" && error !== null) || typeof error === "function";
    const denial = isObject ? (weakGet(weakMap, error) ?? null) : null;
    const message = isObject ? read(error, "message", "") : shown(error);
    outcomes[execId] = {
      ok: false,
      denial,
      name: isObject ? read(error, "name", "Error") : "Error",
      message: isObject ? message : `Uncaught ${slice(message, 0, limits.maxText)}`,
      stack: isObject ? read(error, "stack", "") : "",
    };
    bridge.done(execId);
  }

  function finish(execId: number, work: () => unknown): void {
    let value: unknown;
    let later: unknown;
    try {
      value = work();
      later = (typeof value === "object" && value !== null) || typeof value === "function" ? (value as { then?: unknown }).then : undefined;
    } catch (error) {
      fail(execId, error);
      return;
    }
    const succeed = (settled: unknown): void => {
      outcomes[execId] = { ok: true, value: settled };
      bridge.done(execId);
    };
    if (typeof later !== "function") {
      succeed(value);
      return;
    }
    // A new promise of our own adopts the guest's: the guest's `then` may be hostile, ours cannot be.
    then(new PromiseHere((resolve) => resolve(value)), succeed, (error: unknown) => fail(execId, error));
  }

  const globals: Record<string, unknown> = {
    fetch: fetchHere,
    crypto,
    console: freeze(consoleHere),
    post,
    require,
    setTimeout: setTimeoutHere,
    clearTimeout: clearTimeoutHere,
    queueMicrotask: (callback: () => void) => void then(PromiseHere.resolve(), callback),
    __import__: importHere,
  };
  for (const name in globals) own(realm, name, globals[name]);
  own(Math, "random", () => ask("Math.random"));

  return {
    run: (execId, source) => finish(execId, () => indirectEval(source) as unknown),
    call: (execId, name, args) =>
      finish(execId, () => {
        const target = realm[name];
        if (typeof target !== "function") throw new TypeErrorHere(`globalThis.${name} is not a function`);
        return apply(target as (...args: unknown[]) => unknown, undefined, args);
      }),
    take: (execId) => {
      const outcome = outcomes[execId] as Outcome;
      delete outcomes[execId];
      return outcome;
    },
    takePost: () => posted,
    settle,
    fire,
    receive: (namespace) => {
      received = namespace;
    },
    builtin: (name) => builtins[name],
  };
}
