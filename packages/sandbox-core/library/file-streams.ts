export { Lines } from "./lines-of-file.ts";
export { ReadStream } from "./read-stream.ts";
export { WriteStream } from "./write-stream.ts";
