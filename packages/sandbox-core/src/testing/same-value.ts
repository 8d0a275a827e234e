import { types } from "node:util";

/**
 * Says where two values differ in what a program can observe of them, as a path; undefined if they do not. Compares kinds, prototypes,
 * the order and attributes of properties, holes, bytes, and which parts are the same object.
 */
export function difference(one: unknown, other: unknown): string | undefined {
  const pairs = new Map<unknown, unknown>();
  const differs = (a: unknown, b: unknown, at: string): string | undefined => {
    if (typeof a !== "object" || a === null || typeof b !== "object" || b === null)
      return Object.is(a, b) ? undefined : `${at}: ${String(a)} and ${String(b)}`;
    if (pairs.has(a) || pairs.has(b))
      return pairs.get(a) === b && pairs.get(b) === a ? undefined : `${at}: another identity`;
    pairs.set(a, b).set(b, a);
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${at}: another prototype`;
    const [inA, inB] = [within(a), within(b)];
    if (inA.length !== inB.length) return `${at}: ${inA.length} and ${inB.length} parts`;
    for (const [index, part] of inA.entries()) {
      const found = differs(part, inB[index], `${at}<${index}>`);
      if (found !== undefined) return found;
    }
    // The elements of a view are properties too.
    if (ArrayBuffer.isView(a)) return undefined;
    const [keysA, keysB] = [Reflect.ownKeys(a), Reflect.ownKeys(b)];
    if (keysA.length !== keysB.length || keysA.some((key, index) => key !== keysB[index]))
      return `${at}: keys ${keysA.map(String).join()} and ${keysB.map(String).join()}`;
    for (const key of keysA) {
      const [ofA, ofB] = [a, b].map((each) => Object.getOwnPropertyDescriptor(each, key));
      if (attributes(ofA) !== attributes(ofB)) return `${at}.${String(key)}: other attributes`;
      const found = differs(Reflect.get(a, key), Reflect.get(b, key), `${at}.${String(key)}`);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return differs(one, other, "value");
}

function attributes(property: PropertyDescriptor | undefined): string {
  const { configurable, enumerable, writable } = property ?? {};
  return [configurable, enumerable, writable].join();
}

/** What an object holds beside its properties. */
function within(object: object): unknown[] {
  if (types.isMap(object)) return ["Map", ...[...object].flat()];
  if (types.isSet(object)) return ["Set", ...object];
  if (types.isDate(object)) return ["Date", object.getTime()];
  if (types.isBoxedPrimitive(object)) return ["boxed", object.valueOf()];
  if (types.isAnyArrayBuffer(object)) return ["buffer", Buffer.from(object).toString("hex")];
  if (ArrayBuffer.isView(object))
    return ["view", object.byteLength, object.byteOffset, object.buffer];
  if (Error.isError(object)) return ["Error"];
  return [Array.isArray(object)];
}
