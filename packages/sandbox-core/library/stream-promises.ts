import stream from "./stream.ts";

const { finished, pipeline } = (stream as typeof import("node:stream")).promises;

export { finished, pipeline };
