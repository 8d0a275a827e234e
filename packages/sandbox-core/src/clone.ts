import { DefaultDeserializer, serialize } from "node:v8";

/** A value as structured clone carries it. Throws for what it cannot, a function for one. */
export function encodeClone(value: unknown): Buffer {
  return serialize(value);
}

/**
 * The value in bytes that {@link encodeClone} made, or anybody else.
 *
 * @remarks Bounded by its input: lengths are checked against what is there, and nesting against the stack. A property named
 * `__proto__` is the value's own.
 *
 * @throws where the bytes are no value.
 */
export function decodeClone(bytes: Uint8Array): unknown {
  const reader = new CopyingDeserializer(bytes);
  reader.readHeader();
  return reader.readValue();
}

const base = DefaultDeserializer.prototype as unknown as {
  _readHostObject(this: DefaultDeserializer): NodeJS.ArrayBufferView;
};

/** Node's own makes each view one of the bytes it reads: whoever got a value could read what lay beside it. */
class CopyingDeserializer extends DefaultDeserializer {
  _readHostObject(): NodeJS.ArrayBufferView {
    const view = base._readHostObject.call(this);
    const Kind = view.constructor as new (buffer: ArrayBufferLike) => NodeJS.ArrayBufferView;
    return new Kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  }
}
