import path from "path-browserify";

export { path as default, path as "module.exports" };
