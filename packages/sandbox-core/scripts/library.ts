import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { build, type Plugin } from "esbuild";

import { LIBRARY_PARTS } from "../src/library-parts.ts";

// Makes of `library/` the file that holds the guest's standard names and modules: an index, and the text of each part. A cell reads
// a part when its guest first uses it, so a cell that uses none pays for none. It is one file, because a confined cell is given each
// file that it may read.

const root = path.resolve(import.meta.dirname, "..");
const source = path.join(root, "library");
const output = path.join(root, "dist/bundle");

/** What other packages, and parts, call a part. */
const KNOWN_AS: Readonly<Record<string, string>> = {
  "abort-controller": "event-target",
  buffer: "node:buffer",
  events: "node:events",
  process: "node:process",
  "safe-buffer": "node:buffer",
  string_decoder: "node:string_decoder",
  util: "node:util",
};

const fileOf = (part: string): string => `${part.replace("node:", "").replaceAll("/", "-")}.ts`;

/** Parts by the name by which a file of ours imports them. */
const PARTS = new Map<string, string>(LIBRARY_PARTS.map((part) => [`./${fileOf(part)}`, part]));

/** Files that stand for those of packages, where a part needs less of them. */
const INSTEAD: Readonly<Record<string, string>> = {
  tr46: "./library/plain-domain.ts",
  qs: "./library/query-of-address.ts",
  "@exodus/bytes/encoding.js": "@exodus/bytes/encoding-lite.js",
};

/** The parts that hold what others do without. */
const WHOLE = new Set<string>(["idna", "legacy-encodings"]);

/**
 * The parts whose library is bare JavaScript in the realm of no browser: there it would take for granted what these parts make. It
 * looks at the realm for what would be faster, such as Buffer, and would so load that too.
 */
const BARE = new Set<string>(["encoding", "legacy-encodings", "web-url"]);

/** Leaves other parts to the guest's loader: each part is there once. */
const otherParts: Plugin = {
  name: "other-parts",
  setup: (bundler) => {
    bundler.onResolve({ filter: /.*/ }, ({ path: wanted, importer, kind }) => {
      if (kind === "entry-point") return undefined;
      if (wanted === "#runtime") return { path: wanted, external: true };
      const isOwn = importer.startsWith(`${source}${path.sep}`);
      const name = isOwn ? PARTS.get(wanted) : KNOWN_AS[wanted.replace(/\/$/, "")];
      return name === undefined ? undefined : { path: name, external: true };
    });
  },
};

/**
 * The formatter asks for a value's kind by its tag, which a program may define, so that reading it throws or deceives. It gets the
 * kinds of `util.types` instead, which ask by internal slots.
 */
const kindsBySlot: Plugin = {
  name: "kinds-by-slot",
  setup: (bundler) => {
    bundler.onLoad(
      { filter: /node-inspect-extracted\/dist\/inspect\.js$/ },
      async ({ path: file }) => {
        const contents = (await readFile(file, "utf8")).replace(
          KINDS,
          `$&$1.exports=require(${JSON.stringify(path.join(source, "value-kinds.ts"))}).types;return;`,
        );
        if (!contents.includes("value-kinds.ts")) throw new Error(`${file} has no such module`);
        return { contents };
      },
    );
  },
};
/** The head of the formatter's module of kinds. */
const KINDS = /\b499\((\w),\w,\w\)\{/;

/** The exports become a plain object, or the one value that is exported as `module.exports`, as Node has it. */
const FOOTER = `{const e=module.exports;module.exports="module.exports"in e?e["module.exports"]:Object.assign({},e)}`;

const used = new Set<string>();

async function textOf(part: string): Promise<string> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [path.join(source, fileOf(part))],
    bundle: true,
    write: false,
    metafile: true,
    format: "cjs",
    // The guest is not a Node process: packages have other files for where there is none.
    ...(BARE.has(part)
      ? { platform: "neutral", mainFields: ["module", "main"] }
      : { platform: "browser" }),
    target: "node24",
    // All ASCII, which V8 holds in a byte a character.
    charset: "ascii",
    minify: true,
    keepNames: true,
    legalComments: "none",
    logLevel: "warning",
    plugins: [kindsBySlot, otherParts],
    alias: WHOLE.has(part) ? {} : INSTEAD,
    banner: { js: BARE.has(part) ? "const globalThis={__proto__:null};" : "" },
    footer: { js: FOOTER },
  });
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) used.add(path.join(root, folder));
  }
  return outputFiles[0]?.text.trim() ?? "";
}

const texts = await Promise.all(LIBRARY_PARTS.map(textOf));
let end = 0;
const index = Object.fromEntries(
  LIBRARY_PARTS.map((part, at) => [part, [end, (end += texts[at]?.length ?? 0)]]),
);
await mkdir(output, { recursive: true });
await writeFile(
  path.join(output, "guest-library.txt"),
  `${JSON.stringify(index)}\n${texts.join("")}`,
);

const licenses = [...used].toSorted().map(async (folder) => {
  const files = await readdir(folder);
  const file = files.find((name) => /^licen[cs]e(?:\.|-|$)/i.test(name));
  if (file === undefined) throw new Error(`${folder} holds no license`);
  const { name, version } = createRequire(import.meta.url)(path.join(folder, "package.json")) as {
    name: string;
    version: string;
  };
  return `${name} ${version}\n\n${(await readFile(path.join(folder, file), "utf8")).trim()}\n`;
});
await writeFile(
  path.join(output, "guest-library-licenses.txt"),
  (await Promise.all(licenses)).join(`\n${"-".repeat(80)}\n\n`),
);
