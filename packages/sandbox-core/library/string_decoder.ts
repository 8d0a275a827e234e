export { StringDecoder } from "string_decoder/lib/string_decoder.js";
