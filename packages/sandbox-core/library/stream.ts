import stream from "readable-stream";

const { Stream } = stream;

// The package leaves these to Node itself: without it they only throw. What a cell has not must not look as if it had it.
for (const kind of [Stream.Readable, Stream.Writable, Stream.Duplex])
  for (const name of ["fromWeb", "toWeb"]) Reflect.deleteProperty(kind, name);

// Node's since version 22; the package has the one before.
Stream.setDefaultHighWaterMark(false, 65_536);

export { Stream as default, Stream as "module.exports" };
