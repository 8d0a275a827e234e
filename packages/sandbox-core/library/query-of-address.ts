// What the old form of `node:url` needs of a package of its own, by the module that a guest has for it.

type Querystring = typeof import("node:querystring");
const { parse, stringify: stringifyBare } = require("./querystring.ts") as Querystring;

/** The options, which are meant for that package, say what is so anyway. */
const stringify = (query: Parameters<typeof stringifyBare>[0]): string => stringifyBare(query);

export { parse, stringify };
