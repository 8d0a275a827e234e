import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

/** The names that a built entry exports, sorted; those that exist only for the compiler as `type Name`. */
export async function exportedNames(entry: string): Promise<string[]> {
  const program = `
    console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(entry)}))));`;
  const args = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: import.meta.dirname,
  });
  const values = JSON.parse(stdout) as string[];
  const declared = namesIn(await readFile(await declarations(entry), "utf8"));
  const types = declared.filter((name) => !values.includes(name));
  return [...values.toSorted(), ...types.toSorted().map((name) => `type ${name}`)];
}

async function declarations(entry: string): Promise<string> {
  const [scope = "", name = "", ...rest] = entry.split("/");
  const root = path.join(import.meta.dirname, "node_modules", scope, name);
  const { exports } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as {
    exports: Record<string, { types: string } | undefined>;
  };
  const types = exports[rest.length === 0 ? "." : `./${rest.join("/")}`]?.types;
  if (types === undefined) throw new Error(`${entry} declares no types`);
  return path.join(root, types);
}

/** The names a declaration file exports. `export *` would hide some: an entry lists every name. */
function namesIn(source: string): string[] {
  if (/^export \*/m.test(source)) throw new Error("an entry lists its names; it has no `export *`");
  const listed = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = ""]) =>
    list.split(",").map((item) => item.trim().split(/\s+/).at(-1) ?? ""),
  );
  const declared = [
    ...source.matchAll(
      /^export (?:declare )?(?:abstract )?(?:const|function|class|interface|type) (\w+)/gm,
    ),
  ].map(([, name = ""]) => name);
  return [...new Set([...listed, ...declared])].filter((name) => name !== "");
}
