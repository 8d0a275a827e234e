import { types } from "node:util";
import { DefaultDeserializer, DefaultSerializer } from "node:v8";

/**
 * A value as structured clone carries it. Throws for what it cannot, a function for one, or a view of memory that is shared,
 * which another process cannot share.
 */
export function encodeClone(value: unknown): Buffer {
  const writer = new NamingSerializer();
  writer.writeHeader();
  writer.writeValue(value);
  return writer.releaseBuffer();
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

const baseWriter = DefaultSerializer.prototype as unknown as {
  _writeHostObject(this: DefaultSerializer, view: NodeJS.ArrayBufferView): void;
};

/** Node's own takes a copy of shared memory, without a word. */
class NamingSerializer extends DefaultSerializer {
  _writeHostObject(view: NodeJS.ArrayBufferView): void {
    if (ArrayBuffer.isView(view) && types.isSharedArrayBuffer(view.buffer))
      throw new TypeError("a view of a SharedArrayBuffer could not be cloned.");
    baseWriter._writeHostObject.call(this, view);
  }
}

const base = DefaultDeserializer.prototype as unknown as {
  _readHostObject(this: DefaultDeserializer): NodeJS.ArrayBufferView;
};

/** Node's own makes each view one of the bytes it reads: a reader of the value could read what lay beside it. */
class CopyingDeserializer extends DefaultDeserializer {
  _readHostObject(): NodeJS.ArrayBufferView {
    const view = base._readHostObject.call(this);
    const Kind = view.constructor as new (buffer: ArrayBufferLike) => NodeJS.ArrayBufferView;
    return new Kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  }
}
