import path from "./path.ts";

export { path as default, path as "module.exports" };
