import { types } from "node:util";
import { DefaultDeserializer, DefaultSerializer } from "node:v8";

import { encodeSmall } from "./encode-small.ts";

/**
 * Serializes a value as structured clone. Throws for a value that structured clone cannot carry, such as a function, and for a
 * view of shared memory, because another process cannot share it.
 */
export function encodeClone(value: unknown): Buffer {
  return encodeSmall(value) ?? encodeByV8(value);
}

/** Does the same for a value that {@link encodeSmall} has left. */
export function encodeByV8(value: unknown): Buffer {
  const writer = new NamingSerializer();
  writer.writeHeader();
  writer.writeValue(value);
  return writer.releaseBuffer();
}

/**
 * Decodes bytes that {@link encodeClone} made: what the host sent. The host decodes what came from a cell by `decoder.ts`.
 *
 * @remarks A property named `__proto__` becomes an own property.
 *
 * @throws if the bytes are not a value.
 */
export function decodeClone(bytes: Uint8Array): unknown {
  const reader = new CopyingDeserializer(bytes);
  reader.readHeader();
  return reader.readValue();
}

const baseWriter = DefaultSerializer.prototype as unknown as {
  _writeHostObject(this: DefaultSerializer, view: NodeJS.ArrayBufferView): void;
};

/** Refuses views of shared memory, which Node's own serializer would copy silently. */
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

/**
 * Copies the bytes of each view. Node's own deserializer makes it a view of its input, so that a reader of the value could read
 * what lies next to it.
 */
class CopyingDeserializer extends DefaultDeserializer {
  _readHostObject(): NodeJS.ArrayBufferView {
    const view = base._readHostObject.call(this);
    const copy = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
    if (Buffer.isBuffer(view)) return Buffer.from(copy);
    const Kind = view.constructor as new (buffer: ArrayBufferLike) => NodeJS.ArrayBufferView;
    return new Kind(copy);
  }
}
