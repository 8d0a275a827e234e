import { type Ground, READABLE } from "./ground.ts";
import { never, nothing, type Operation } from "./operation.ts";

type Row = Pick<Operation, "source" | "target"> & Partial<Operation>;

function file(name: string, operation: string, allowed: boolean, row: Row): Operation[] {
  const sync: Operation = {
    name,
    capability: "filesystem",
    operation,
    allowed,
    later: false,
    answers: allowed ? nothing : never,
    ...row,
  };
  if (!row.source("").includes("Sync(")) return [sync];
  return [sync, { ...sync, name: `${name} later`, later: true, source: later(row.source) }];
}

/** The same as a promise and with a callback, by turns. */
function later(source: (options: string) => string): (options: string) => string {
  return (options) => {
    const promised = source(options).replace("fs.", "fs.promises.").replace("Sync(", "(");
    const called = source(options).replace(/fs\.([a-zA-Z]+)Sync\(/, `calledBack("$1", `);
    return `(i % 2 === 0 ? ${promised} : ${called})`;
  };
}

/** `R(i)` in a source: which of the readable files. */
const which = (i: number): number => i % READABLE;
const onGranted = (name: string) => (ground: Ground, i: number) => `${ground.granted}/${name}${i}`;
const onDenied = (name: string) => (ground: Ground, i: number) =>
  `${ground.denied}/${name}${which(i)}`;

/** Operations on files: each that blocks, and its promise where there is one. */
export const FILE_OPERATIONS: readonly Operation[] = [
  ...file("read granted", "read", true, {
    source: (options) => `fs.readFileSync(G + "/r" + (i % ${READABLE}), ${options || '"utf8"'})`,
    target: (ground, i) => `${ground.granted}/r${which(i)}`,
    answers: (value, i) => asText(value) === `granted ${which(i)}`,
  }),
  ...file("read denied", "read", false, {
    source: (options) => `fs.readFileSync(D + "/c" + (i % ${READABLE}), ${options || '"utf8"'})`,
    target: onDenied("c"),
  }),
  ...file("read through a link", "read", false, {
    source: (options) => `fs.readFileSync(G + "/link", ${options || '"utf8"'})`,
    target: (ground) => `${ground.denied}/c0`,
  }),
  ...file("write granted", "write", true, {
    source: (options) => `fs.writeFileSync(G + "/w/" + i, "w" + i, ${options || "undefined"})`,
    target: onGranted("w/"),
    effect: "file",
  }),
  ...file("append granted", "write", true, {
    source: (options) => `fs.appendFileSync(G + "/w/" + i, "w" + i, ${options || "undefined"})`,
    target: onGranted("w/"),
    effect: "file",
  }),
  ...file("write denied", "write", false, {
    source: (options) => `fs.writeFileSync(D + "/w" + i, "w" + i, ${options || "undefined"})`,
    target: (ground, i) => `${ground.denied}/w${i}`,
  }),
  ...file("overwrite denied", "write", false, {
    source: (options) =>
      `fs.appendFileSync(D + "/c" + (i % ${READABLE}), "w", ${options || "undefined"})`,
    target: onDenied("c"),
  }),
  ...file("mkdir granted", "write", true, {
    source: () => `fs.mkdirSync(G + "/m/" + i)`,
    target: onGranted("m/"),
    effect: "directory",
  }),
  ...file("mkdir denied", "write", false, {
    source: () => `fs.mkdirSync(D + "/m" + i, { recursive: true })`,
    target: (ground, i) => `${ground.denied}/m${i}`,
  }),
  ...file("rm denied", "remove", false, {
    source: () => `fs.rmSync(D + "/c" + (i % ${READABLE}))`,
    target: onDenied("c"),
  }),
  ...file("copy granted", "read", true, {
    source: () => `fs.copyFileSync(G + "/r" + (i % ${READABLE}), G + "/w/" + i)`,
    target: (ground, i) => `${ground.granted}/r${which(i)}`,
    effect: "file",
  }),
  ...file("copy denied", "read", false, {
    source: () => `fs.copyFileSync(D + "/c" + (i % ${READABLE}), G + "/w/" + i)`,
    target: onDenied("c"),
  }),
  ...file("copy to denied", "write", false, {
    source: () => `fs.copyFileSync(G + "/r" + (i % ${READABLE}), D + "/w" + i)`,
    target: (ground, i) => `${ground.denied}/w${i}`,
  }),
  ...file("rename denied", "remove", false, {
    source: () => `fs.renameSync(D + "/c" + (i % ${READABLE}), G + "/w/" + i)`,
    target: onDenied("c"),
  }),
  ...file("unlink denied", "remove", false, {
    source: () => `fs.unlinkSync(D + "/c" + (i % ${READABLE}))`,
    target: onDenied("c"),
  }),
  ...file("real path denied", "stat", false, {
    source: () => `fs.realpathSync(G + "/link")`,
    target: (ground) => `${ground.denied}/c0`,
  }),
  ...file("list denied", "list", false, {
    source: () => `fs.readdirSync(D)`,
    target: (ground) => ground.denied,
  }),
  ...file("stat granted", "stat", true, {
    source: () => `fs.statSync(G + "/r" + (i % ${READABLE})).size`,
    target: (ground, i) => `${ground.granted}/r${which(i)}`,
    answers: (value, i) => value === `granted ${which(i)}`.length,
  }).slice(0, 1),
  ...file("stat denied", "stat", false, {
    source: () => `fs.statSync(D + "/c" + (i % ${READABLE}))`,
    target: onDenied("c"),
  }),
  ...file("look at denied", "stat", false, {
    source: () => `fs.lstatSync(D + "/c" + (i % ${READABLE}))`,
    target: onDenied("c"),
  }),
  // Each of these is of a file that the same attempt has made.
  ...file("rename granted", "write", true, {
    source: () =>
      `(fs.writeFileSync(G + "/t/" + i, "w" + i), fs.renameSync(G + "/t/" + i, G + "/w/" + i))`,
    target: onGranted("t/"),
    effect: "file",
  }).slice(0, 1),
  ...file("unlink granted", "remove", true, {
    source: () => `(fs.writeFileSync(G + "/t/" + i, ""), fs.unlinkSync(G + "/t/" + i))`,
    target: onGranted("t/"),
  }).slice(0, 1),
  ...file("rm granted", "remove", true, {
    source: () =>
      `(fs.mkdirSync(G + "/t/" + i + "/a/b", { recursive: true }), fs.rmSync(G + "/t/" + i, { recursive: true }))`,
    target: onGranted("t/"),
  }).slice(0, 1),
  ...file("list granted", "list", true, {
    source: () => `fs.readdirSync(G + "/few").join()`,
    target: (ground) => `${ground.granted}/few`,
    answers: (value) => value === "one,two",
  }).slice(0, 1),
  ...file("list all below granted", "list", true, {
    source: () => `fs.readdirSync(G + "/all", { recursive: true }).join()`,
    target: (ground) => `${ground.granted}/all`,
    answers: (value) => value === "in,in/three",
  }).slice(0, 1),
  ...file("look at a link granted", "stat", true, {
    source: () => `fs.lstatSync(G + "/link").isSymbolicLink()`,
    target: (ground) => `${ground.granted}/link`,
    answers: (value) => value === true,
  }).slice(0, 1),
  ...file("access granted", "stat", true, {
    source: () => `fs.accessSync(G + "/r" + (i % ${READABLE}))`,
    target: (ground, i) => `${ground.granted}/r${which(i)}`,
  }),
  ...file("real path granted", "stat", true, {
    source: () => `fs.realpathSync(G + "/few/../few").slice(G.length)`,
    target: (ground) => `${ground.granted}/few`,
    answers: (value) => value === "/few",
  }).slice(0, 1),
  ...file("exists denied", "stat", false, {
    source: () => `fs.existsSync(D + "/c" + (i % ${READABLE}))`,
    target: onDenied("c"),
  }).slice(0, 1),
];

/** Without an encoding a file is bytes. */
function asText(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
}
