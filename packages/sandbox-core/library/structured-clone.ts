import { DOMException } from "./event-target.ts";
import { types } from "./value-kinds.ts";

// V8's own serializer cannot be called from inside the isolate; isolated-vm uses it only for values that leave. So this file takes
// the steps of the HTML standard, "StructuredSerializeInternal" and "StructuredDeserialize", in one walk.

const ERRORS: Readonly<Record<string, ErrorConstructor>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

type Memory = Map<object, unknown>;

/** A deep copy of a value. */
export function structuredClone(...args: unknown[]): unknown {
  const [value, options] = args;
  if (args.length === 0) {
    const error = new TypeError('The "value" argument must be specified');
    throw Object.assign(error, { code: "ERR_MISSING_ARGS" });
  }
  const { transfer = [] } = (options ?? {}) as { transfer?: Iterable<unknown> };
  const moved = [...transfer];
  for (const [at, item] of moved.entries())
    if (!types.isArrayBuffer(item) || moved.indexOf(item) !== at) fail(item);
  const made = copy(value, new Map());
  // Emptied last, when all has been copied: a failure before leaves them as they are.
  for (const buffer of moved as ArrayBuffer[]) buffer.transfer();
  return made;
}

function fail(value: unknown): never {
  let shown: string;
  if (typeof value === "function" || typeof value === "symbol") shown = String(value);
  else {
    const { constructor } = Object(value) as { constructor?: { name?: string } };
    shown = `#<${constructor?.name ?? "Object"}>`;
  }
  throw new DOMException(`${shown} could not be cloned.`, "DataCloneError");
}

function copy(value: unknown, memory: Memory): unknown {
  if (typeof value === "symbol" || typeof value === "function") fail(value);
  if (typeof value !== "object" || value === null) return value;
  if (memory.has(value)) return memory.get(value);
  const made = begun(value, memory);
  memory.set(value, made);
  if (types.isMap(value)) {
    for (const [key, item] of Array.from(value as Map<unknown, unknown>))
      (made as Map<unknown, unknown>).set(copy(key, memory), copy(item, memory));
  } else if (types.isSet(value)) {
    for (const item of Array.from(value as Set<unknown>))
      (made as Set<unknown>).add(copy(item, memory));
  } else if (types.isNativeError(value)) {
    if (Object.hasOwn(value, "cause"))
      define(made as object, "cause", copy((value as Error).cause, memory), false);
  } else if (Array.isArray(value) || isOrdinary(value)) {
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(value, key)) continue;
      define(made as object, key, copy((value as Record<string, unknown>)[key], memory), true);
    }
  }
  return made;
}

const isOrdinary = (value: object): boolean =>
  !ArrayBuffer.isView(value) &&
  !types.isAnyArrayBuffer(value) &&
  !types.isBoxedPrimitive(value) &&
  !types.isDate(value) &&
  !types.isRegExp(value);

/** The copy of an object without what it holds. */
function begun(value: object, memory: Memory): unknown {
  if (types.isBoxedPrimitive(value)) {
    if (types.isSymbolObject(value)) fail(value);
    return Object((value as { valueOf(): unknown }).valueOf());
  }
  if (types.isDate(value)) return new Date((value as Date).getTime());
  if (types.isRegExp(value)) return new RegExp((value as RegExp).source, (value as RegExp).flags);
  if (types.isSharedArrayBuffer(value)) return value;
  if (types.isArrayBuffer(value)) return copiedBuffer(value as ArrayBuffer);
  if (ArrayBuffer.isView(value)) return copiedView(value, memory);
  if (types.isMap(value)) return new Map();
  if (types.isSet(value)) return new Set();
  if (types.isNativeError(value)) return copiedError(value as Error);
  if (Array.isArray(value)) {
    const made: unknown[] = [];
    made.length = value.length;
    return made;
  }
  if (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    value instanceof WeakRef
  )
    fail(value);
  return {};
}

function copiedBuffer(buffer: ArrayBuffer): ArrayBuffer {
  const made = new ArrayBuffer(
    buffer.byteLength,
    buffer.resizable ? { maxByteLength: buffer.maxByteLength } : {},
  );
  new Uint8Array(made).set(new Uint8Array(buffer));
  return made;
}

function copiedView(view: ArrayBufferView, memory: Memory): unknown {
  const buffer = copy(view.buffer, memory) as ArrayBuffer;
  if (types.isDataView(view)) return new DataView(buffer, view.byteOffset, view.byteLength);
  const { length } = view as Uint8Array;
  const name = Reflect.get(typedArray, Symbol.toStringTag, view) as string;
  const View = (globalThis as unknown as Record<string, Uint8ArrayConstructor>)[name];
  return View === undefined ? fail(view) : new View(buffer, view.byteOffset, length);
}
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

function copiedError(error: Error): Error {
  const Kind = ERRORS[String(error.name)] ?? Error;
  const made = new Kind();
  if (Object.hasOwn(error, "message")) define(made, "message", String(error.message), false);
  define(made, "stack", String(error.stack), false);
  return made;
}

function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}
