import path from "path-browserify";

import { invalidArgument } from "./argument-errors.ts";

type Method = (...args: unknown[]) => unknown;

/** How many of its arguments are paths. */
const PATHS: Readonly<Record<string, number>> = {
  basename: 2,
  dirname: 1,
  extname: 1,
  isAbsolute: 1,
  join: Infinity,
  normalize: 1,
  parse: 1,
  relative: 2,
  resolve: Infinity,
};
const NAMES: Readonly<Record<string, readonly string[]>> = {
  basename: ["path", "suffix"],
  relative: ["from", "to"],
};

/** The library's functions, with the errors of Node and what Node has changed since. */
const changed: Record<string, unknown> = { ...path };
for (const [name, count] of Object.entries(PATHS)) {
  const old = path[name] as Method;
  const checked = (...args: unknown[]): unknown => {
    for (const [at, value] of args.slice(0, count).entries()) {
      if (typeof value === "string" || (name === "basename" && at === 1 && value === undefined))
        continue;
      throw invalidArgument(
        NAMES[name]?.[at] ?? (name === "resolve" ? `paths[${at}]` : "path"),
        "of type string",
        value,
      );
    }
    if (args.length === 0 && count === 1)
      throw invalidArgument("path", "of type string", undefined);
    return old(...args);
  };
  changed[name] = Object.defineProperty(checked, "name", { value: name });
}

interface Parts {
  readonly dir?: string;
  readonly root?: string;
  readonly base?: string;
  readonly name?: string;
  readonly ext?: string;
}

changed["format"] = function format(parts: unknown): string {
  if (typeof parts !== "object" || parts === null)
    throw invalidArgument("pathObject", "of type object", parts);
  const { dir, root, base, name = "", ext = "" } = parts as Parts;
  const dotted = ext === "" || ext.startsWith(".") ? ext : `.${ext}`;
  const given = (text: string | undefined): boolean => text !== undefined && text !== "";
  const file = given(base) ? base : `${name}${dotted}`;
  const folder = given(dir) ? dir : root;
  if (!given(folder)) return String(file);
  return folder === root ? `${folder}${file}` : `${folder}/${file}`;
};
/** Only on Windows a path has another form for the system. */
const toNamespacedPath = (path: unknown): unknown => path;
Object.assign(changed, { toNamespacedPath, _makeLong: toNamespacedPath, posix: changed });

export { changed as default, changed as "module.exports" };
