import { types } from "./util.ts";

export { types as default, types as "module.exports" };
