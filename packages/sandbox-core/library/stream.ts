import stream from "readable-stream";

const { Stream } = stream as unknown as { Stream: unknown };

export { Stream as default, Stream as "module.exports" };
