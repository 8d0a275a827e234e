// What `node:util` says of a value's kind. Kinds with an internal slot are recognised by it, which a program cannot imitate by a tag.

type Test = (value: unknown) => boolean;

/** Whether the engine's own method takes the value as its `this`. */
const takenBy =
  (method: ((...args: never[]) => unknown) | undefined, ...args: unknown[]): Test =>
  (value) => {
    if (typeof value !== "object" || value === null) return false;
    try {
      Reflect.apply(method as (...args: unknown[]) => unknown, value, args);
      return true;
    } catch {
      return false;
    }
  };
const getter = (prototype: object, name: string | symbol) =>
  Object.getOwnPropertyDescriptor(prototype, name)?.get as (() => unknown) | undefined;
function tag(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    // The tag is the program's own, and cannot be read.
    return "Object";
  }
}
const tagged =
  (...names: string[]): Test =>
  (value) =>
    names.includes(tag(value));

const typedArrayTag = getter(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
);
const arrayKind = (value: unknown): unknown => typedArrayTag?.call(value as never);
const isKind =
  (name: string): Test =>
  (value) =>
    arrayKind(value) === name;

const isArrayBuffer = takenBy(getter(ArrayBuffer.prototype, "byteLength"));
const isSharedArrayBuffer: Test =
  typeof SharedArrayBuffer === "undefined"
    ? () => false
    : takenBy(getter(SharedArrayBuffer.prototype, "byteLength"));
const isNumberObject = takenBy(Number.prototype.valueOf);
const isStringObject = takenBy(String.prototype.valueOf);
const isBooleanObject = takenBy(Boolean.prototype.valueOf);
const isBigIntObject = takenBy(BigInt.prototype.valueOf);
const isSymbolObject = takenBy(Symbol.prototype.valueOf);
const isAsyncFunction: Test = (value) =>
  typeof value === "function" && tag(value).startsWith("Async");
const isGeneratorFunction: Test = (value) =>
  typeof value === "function" && /Generator/.test(tag(value));

export const types = {
  isAnyArrayBuffer: (value: unknown) => isArrayBuffer(value) || isSharedArrayBuffer(value),
  isArgumentsObject: tagged("Arguments"),
  isArrayBuffer,
  isArrayBufferView: (value: unknown) => ArrayBuffer.isView(value),
  isAsyncFunction,
  isBigInt64Array: isKind("BigInt64Array"),
  isBigIntObject,
  isBigUint64Array: isKind("BigUint64Array"),
  isBooleanObject,
  isBoxedPrimitive: (value: unknown) =>
    isNumberObject(value) ||
    isStringObject(value) ||
    isBooleanObject(value) ||
    isBigIntObject(value) ||
    isSymbolObject(value),
  isDataView: (value: unknown) => ArrayBuffer.isView(value) && arrayKind(value) === undefined,
  isDate: takenBy(Date.prototype.getTime),
  isExternal: () => false,
  isFloat16Array: isKind("Float16Array"),
  isFloat32Array: isKind("Float32Array"),
  isFloat64Array: isKind("Float64Array"),
  isGeneratorFunction,
  isGeneratorObject: tagged("Generator", "AsyncGenerator"),
  isInt16Array: isKind("Int16Array"),
  isInt32Array: isKind("Int32Array"),
  isInt8Array: isKind("Int8Array"),
  isMap: takenBy(getter(Map.prototype, "size")),
  isMapIterator: tagged("Map Iterator"),
  isModuleNamespaceObject: tagged("Module"),
  isNativeError: (value: unknown) => tag(value) === "Error" && value instanceof Error,
  isNumberObject,
  isPromise: (value: unknown) => value instanceof Promise,
  isRegExp: (value: unknown) =>
    value !== RegExp.prototype && takenBy(getter(RegExp.prototype, "global"))(value),
  isSet: takenBy(getter(Set.prototype, "size")),
  isSetIterator: tagged("Set Iterator"),
  isSharedArrayBuffer,
  isStringObject,
  isSymbolObject,
  isTypedArray: (value: unknown) => arrayKind(value) !== undefined,
  isUint16Array: isKind("Uint16Array"),
  isUint32Array: isKind("Uint32Array"),
  isUint8Array: isKind("Uint8Array"),
  isUint8ClampedArray: isKind("Uint8ClampedArray"),
  isWeakMap: takenBy(WeakMap.prototype.has, {}),
  isWeakSet: takenBy(WeakSet.prototype.has, {}),
} satisfies Record<string, Test>;
