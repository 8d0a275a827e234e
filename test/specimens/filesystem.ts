import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Outcome, Specimen, SpecimenFile } from "../matrix/specimen.ts";
import type { World } from "../matrix/world.ts";

/** `fs.nameSync(…)` and `fs.promises.name(…)` take the same arguments. */
function both(name: string, ...args: readonly unknown[]): { sync: string; async: string } {
  const list = args.map((arg) => JSON.stringify(arg)).join(", ");
  return { sync: `fs.${name}Sync(${list})`, async: `fs.promises.${name}(${list})` };
}

/** The function that takes a callback as a promise. */
const promised = (name: string, args: string): string =>
  `new Promise((go, no) => { fs.${name}(${args}, (error) => { if (error) no(error); else go(); }); })`;

const opening = (file: string): { sync: string; async: string } => ({
  sync: `fs.closeSync(fs.openSync(${JSON.stringify(file)}))`,
  async: `new Promise((go, no) => { fs.open(${JSON.stringify(file)}, (error, fd) => { if (error) no(error); else fs.close(fd, go); }); })`,
});

/** A use of a file that the setup has opened, whatever the policy says by now. */
function ofOpen(name: string, ...args: readonly string[]): Specimen {
  const use = (file: string): { sync: string; async: string } => {
    const list = [file, ...args].join(", ");
    return { sync: `fs.${name}Sync(${list})`, async: promised(name, list) };
  };
  return {
    outcomes: {
      allow: use("held"),
      deny: use("held"),
      malformed: {
        impossible: "What is no number of an open file is the guest's own mistake, and no request.",
      },
      failing: use("gone"),
    },
  };
}

function specimen(
  name: string,
  good: readonly unknown[],
  failing: readonly unknown[],
  prepare?: (world: World) => void,
  requests = 1,
): Specimen {
  const outcomes = {
    allow: both(name, ...good),
    // The same as is allowed: what differs is the policy.
    deny: both(name, ...good),
    malformed: both(name, `${String(good[0])}\0`, ...good.slice(1)),
    failing: both(name, ...failing),
  } satisfies Record<Outcome, unknown>;
  return prepare === undefined ? { outcomes, requests } : { outcomes, prepare, requests };
}

export const file: SpecimenFile = {
  rule: ({ folder }) => ({
    id: "data",
    effect: "allow",
    capability: "filesystem",
    paths: [folder, `${folder}/**`],
  }),
  // The file "gone" is gone after it was opened.
  setup: ({ folder }) => {
    const open = (name: string): string =>
      `fs.openSync(${JSON.stringify(path.join(folder, name))}, "r+")`;
    const gone = JSON.stringify(path.join(folder, "gone"));
    return `globalThis.fs = require("node:fs"); fs.writeFileSync(${gone}, "");
      globalThis.held = ${open("held")}; globalThis.gone = ${open("gone")}; fs.unlinkSync(${gone});`;
  },
  setupRequests: 6,
  specimens: ({ folder }) => {
    const at = (name: string): string => path.join(folder, name);
    const exists = { sync: `fs.existsSync(${JSON.stringify(at("file"))})` };
    return {
      "fs.readFile": specimen("readFile", [at("file"), "utf8"], [at("missing")]),
      "fs.writeFile": specimen("writeFile", [at("written"), "x"], [at("directory"), "x"]),
      "fs.appendFile": specimen("appendFile", [at("written"), "x"], [at("directory"), "x"]),
      "fs.mkdir": specimen("mkdir", [at("made")], [at("directory")], () =>
        rmSync(at("made"), { recursive: true, force: true }),
      ),
      "fs.readdir": specimen("readdir", [at("directory")], [at("file")]),
      "fs.stat": specimen("stat", [at("file")], [at("missing")]),
      "fs.rm": specimen("rm", [at("passing")], [at("missing")], () =>
        writeFileSync(at("passing"), ""),
      ),
      "fs.lstat": specimen("lstat", [at("file")], [at("missing")]),
      "fs.access": specimen("access", [at("file")], [at("missing")]),
      "fs.realpath": specimen("realpath", [at("file")], [at("missing")]),
      "fs.unlink": specimen("unlink", [at("passing")], [at("missing")], () =>
        writeFileSync(at("passing"), ""),
      ),
      "fs.copyFile": specimen(
        "copyFile",
        [at("file"), at("written")],
        [at("missing"), at("written")],
        undefined,
        2,
      ),
      "fs.rename": specimen(
        "rename",
        [at("passing"), at("renamed")],
        [at("missing"), at("renamed")],
        () => writeFileSync(at("passing"), ""),
        3,
      ),
      "fs.open": {
        outcomes: {
          allow: opening(at("file")),
          deny: opening(at("file")),
          malformed: opening(`${at("file")}\0`),
          failing: opening(at("missing")),
        },
      },
      "fs.truncate": specimen("truncate", [at("written"), 0], [at("directory")], () =>
        writeFileSync(at("written"), "x"),
      ),
      "fs.read": ofOpen("read", "new Uint8Array(4)"),
      "fs.write": ofOpen("write", `"x"`),
      "fs.fstat": ofOpen("fstat"),
      "fs.ftruncate": ofOpen("ftruncate", "1"),
      "fs.fsync": ofOpen("fsync"),
      "fs.exists": {
        outcomes: {
          allow: exists,
          deny: exists,
          malformed: { sync: `fs.existsSync("/a\\0")` },
          failing: {
            impossible: "What cannot be found does not exist: that is the answer, and no failure.",
          },
        },
      },
    };
  },
};
