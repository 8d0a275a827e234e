import stream from "./stream.ts";

const { finished, pipeline } = stream.promises;

export { finished, pipeline };
