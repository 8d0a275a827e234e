import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { GuestOperation } from "../surface.ts";
import { empty, type Grounds } from "./granted.ts";

/** Where an operation is tried: what both layers grant; what the kernel's plan grants and the broker does not; what neither grants. */
export const PLACES = ["inside", "kept", "outside"] as const;
export type PlaceName = (typeof PLACES)[number];

/** How one layer's verdicts are paired with the other's. */
export type Pair = `${"allow" | "deny"} x ${"allow" | "deny" | "not_evaluated" | "unavailable"}`;

export const PAIRS: readonly Pair[] = (["allow", "deny"] as const).flatMap((broker) =>
  (["allow", "deny", "not_evaluated", "unavailable"] as const).map(
    (kernel): Pair => `${broker} x ${kernel}`,
  ),
);

/** One operation of a guard: how a guest does it, and how it is seen from outside that it was done. */
export interface Row {
  /** An expression of the guest's, and the promise of its value in the asynchronous mode. */
  readonly sync?: (target: string) => string;
  readonly async?: (target: string) => string;
  readonly targets: Readonly<Record<PlaceName, string>>;
  /** Whether it has come to be, by what the guest got or by what is on the disk, came to a server or ran. */
  readonly happened: (place: PlaceName, value: unknown) => boolean;
  /** What shows the kernel's refusal, where it is asked by the operation itself. Left out where the kernel has no say. */
  readonly evidence?: string;
  /** Why a pair cannot occur. */
  readonly cannot: Readonly<Partial<Record<Pair, string>>>;
}

const NOT_GOVERNED = {
  "allow x allow": "The kernel has no say in it, so it is never said to have let it through.",
  "allow x deny": "The kernel has no say in it.",
  "deny x allow": "The kernel has no say in it, so it is never said to have let it through.",
  "deny x deny": "The kernel has no say in it.",
} as const;

const ALWAYS_THERE = {
  "allow x unavailable":
    "Random numbers are never the kernel's to refuse: it has no layer to miss.",
  "deny x unavailable": "Random numbers are never the kernel's to refuse: it has no layer to miss.",
} as const;

const CANNOT_BE_ASKED = {
  "deny x allow": "There is no question without an effect: to ask would be to make it.",
  "deny x deny": "There is no question without an effect: to ask would be to make it.",
} as const;

const WRITES_ARE_SEEN = {
  "deny x allow":
    "Where the plan lets the cell write, it is not asked: a file that is opened for writing and closed looks written to who watches it.",
} as const;

/** What the rows need of the world. */
export interface Ground {
  readonly place: Grounds;
  readonly servers: Readonly<Record<PlaceName, string>>;
  /** Whether anything has come to the server of a place since it was asked last. */
  readonly arrived: (place: PlaceName) => boolean;
}

/** Puts the world back as the rows need it. */
export function prepare({ place }: Pick<Ground, "place">): void {
  for (const folder of [place.granted, place.outside]) empty(folder);
  mkdirSync(join(place.granted, "inside"));
  mkdirSync(join(place.granted, "kept"));
  for (const folder of folders(place)) writeFileSync(join(folder, "file"), "content");
  for (const [name, command] of [
    ["other-name", COMMAND],
    ["other", OTHER_COMMAND],
  ] as const) {
    const link = join(place.root, name);
    if (!existsSync(link)) symlinkSync(command, link);
  }
}

/** Makes the file that it is given; granted. */
export const COMMAND = "/usr/bin/touch";
/** Makes a directory; not granted. */
const OTHER_COMMAND = "/usr/bin/mkdir";

function folders(place: Grounds): string[] {
  return [join(place.granted, "inside"), join(place.granted, "kept"), place.outside];
}

/** One row for each operation that guests have. */
export function guardRows({ place, servers, arrived }: Ground): Record<GuestOperation, Row> {
  const [inside = "", kept = "", outside = ""] = folders(place);
  const folder = { inside, kept, outside };
  const each = (name: string): Record<PlaceName, string> => ({
    inside: join(inside, name),
    kept: join(kept, name),
    outside: join(outside, name),
  });
  const content = (at: PlaceName): string => readFileSync(join(folder[at], "file"), "utf8");
  const fs =
    (name: string, more = "") =>
    (promises: boolean) =>
    (target: string) =>
      `fs.${promises ? `promises.${name}` : `${name}Sync`}(${JSON.stringify(target)}${more})`;
  const both = (
    call: (promises: boolean) => (target: string) => string,
  ): Pick<Row, "sync" | "async"> => ({
    sync: call(false),
    async: call(true),
  });
  /** A use of a file that is opened for it: where that is refused, it is the opening that is. */
  const opened = (
    flags: string,
    name: string,
    more: string,
    part = "",
  ): Pick<Row, "sync" | "async"> => {
    const open = (target: string): string => `fs.openSync(${JSON.stringify(target)}, "${flags}")`;
    return {
      sync: (target) => `fs.${name}Sync(${open(target)}${more})${part && `?${part}`} ?? "done"`,
      async: (target) =>
        `new Promise((go, no) => { fs.${name}(${open(target)}${more}, (error, value) => { if (error) no(error); else go(value${part && `?${part}`} ?? "done"); }); })`,
    };
  };
  const differential = { evidence: "differential+ruleset" };
  const ran = join(inside, "ran");
  const args = JSON.stringify([ran]);
  const random = (call: string): Row => ({
    sync: () => call,
    targets: { inside: "", kept: "", outside: "" },
    happened: (_at, value) => value !== undefined,
    cannot: { ...NOT_GOVERNED, ...ALWAYS_THERE },
  });
  return {
    "fs.readFile": {
      ...both(fs("readFile", `, "utf8"`)),
      targets: each("file"),
      happened: (_at, value) => value === "content",
      ...differential,
      cannot: {},
    },
    "fs.writeFile": {
      ...both(fs("writeFile", `, "written"`)),
      targets: each("file"),
      happened: (at) => content(at) === "written",
      ...differential,
      cannot: WRITES_ARE_SEEN,
    },
    "fs.appendFile": {
      ...both(fs("appendFile", `, "more"`)),
      targets: each("file"),
      happened: (at) => content(at) === "contentmore",
      ...differential,
      cannot: WRITES_ARE_SEEN,
    },
    "fs.mkdir": {
      ...both(fs("mkdir")),
      targets: each("made"),
      happened: (at) => existsSync(join(folder[at], "made")),
      evidence: "ruleset+errno",
      cannot: CANNOT_BE_ASKED,
    },
    "fs.readdir": {
      ...both(fs("readdir")),
      targets: folder,
      happened: (_at, value) => Array.isArray(value) && value.includes("file"),
      ...differential,
      cannot: {},
    },
    "fs.stat": {
      ...both((promises) => (target) => {
        const call = fs("stat")(promises)(target);
        return promises ? `${call}.then((found) => found.size)` : `${call}.size`;
      }),
      targets: each("file"),
      happened: (_at, value) => value === 7,
      cannot: NOT_GOVERNED,
    },
    "fs.lstat": {
      ...both((promises) => (target) => {
        const call = fs("lstat")(promises)(target);
        return promises ? `${call}.then((found) => found.size)` : `${call}.size`;
      }),
      targets: each("file"),
      happened: (_at, value) => value === 7,
      cannot: NOT_GOVERNED,
    },
    "fs.access": {
      ...both((promises) => (target) => {
        const call = fs("access")(promises)(target);
        return promises ? `${call}.then(() => "found")` : `(${call}, "found")`;
      }),
      targets: each("file"),
      happened: (_at, value) => value === "found",
      cannot: NOT_GOVERNED,
    },
    "fs.realpath": {
      ...both(fs("realpath")),
      targets: each("file"),
      happened: (at, value) => value === join(folder[at], "file"),
      cannot: NOT_GOVERNED,
    },
    "fs.exists": {
      sync: (target) => `fs.existsSync(${JSON.stringify(target)})`,
      targets: each("file"),
      happened: (_at, value) => value === true,
      cannot: NOT_GOVERNED,
    },
    "fs.rm": {
      ...both(fs("rm")),
      targets: each("file"),
      happened: (at) => !existsSync(join(folder[at], "file")),
      evidence: "ruleset+errno",
      cannot: {},
    },
    "fs.unlink": {
      ...both(fs("unlink")),
      targets: each("file"),
      happened: (at) => !existsSync(join(folder[at], "file")),
      evidence: "ruleset+errno",
      cannot: {},
    },
    "fs.copyFile": {
      ...both(fs("copyFile", `, ${JSON.stringify(join(inside, "copy"))}`)),
      targets: each("file"),
      happened: () => existsSync(join(inside, "copy")),
      ...differential,
      cannot: {},
    },
    "fs.rename": {
      ...both(
        (promises) => (target) =>
          fs("rename", `, ${JSON.stringify(`${target}-new`)}`)(promises)(target),
      ),
      targets: each("file"),
      happened: (at) => existsSync(join(folder[at], "file-new")),
      evidence: "ruleset+errno",
      cannot: {},
    },
    "fs.open": {
      sync: (target) => `fs.openSync(${JSON.stringify(target)})`,
      async: (target) =>
        `new Promise((go, no) => { fs.open(${JSON.stringify(target)}, (error, fd) => { if (error) no(error); else go(fd); }); })`,
      targets: each("file"),
      happened: (_at, value) => typeof value === "number",
      ...differential,
      cannot: {},
    },
    "fs.read": {
      ...opened("r", "read", ", new Uint8Array(9), 0, 9, 0"),
      targets: each("file"),
      happened: (_at, value) => value === 7,
      ...differential,
      cannot: {},
    },
    "fs.write": {
      ...opened("a", "write", `, "more"`),
      targets: each("file"),
      happened: (at) => content(at) === "contentmore",
      ...differential,
      cannot: WRITES_ARE_SEEN,
    },
    "fs.fstat": {
      ...opened("r", "fstat", "", ".size"),
      targets: each("file"),
      happened: (_at, value) => value === 7,
      ...differential,
      cannot: {},
    },
    "fs.ftruncate": {
      ...opened("a", "ftruncate", ", 3"),
      targets: each("file"),
      happened: (at) => content(at) === "con",
      ...differential,
      cannot: WRITES_ARE_SEEN,
    },
    "fs.fsync": {
      ...opened("a", "fsync", ""),
      targets: each("file"),
      happened: (_at, value) => value === "done",
      ...differential,
      cannot: WRITES_ARE_SEEN,
    },
    "fs.truncate": {
      ...both(fs("truncate", ", 3")),
      targets: each("file"),
      happened: (at) => content(at) === "con",
      ...differential,
      cannot: WRITES_ARE_SEEN,
    },
    fetch: {
      async: (target) => `fetch("http://${target}/").then((response) => response.text())`,
      targets: servers,
      happened: (at) => arrived(at),
      evidence: "ruleset+errno",
      cannot: {},
    },
    "child_process.execFile": {
      sync: (target) => `execFileSync(${JSON.stringify(target)}, ${args}, { encoding: "utf8" })`,
      async: (target) => `execFile(${JSON.stringify(target)}, ${args}).then(() => "")`,
      targets: {
        inside: COMMAND,
        kept: join(place.root, "other-name"),
        outside: join(place.root, "other"),
      },
      happened: () => existsSync(ran),
      ...differential,
      cannot: {},
    },
    "crypto.getRandomValues": random("[...crypto.getRandomValues(new Uint8Array(8))]"),
    "crypto.randomUUID": random("crypto.randomUUID()"),
    "Math.random": random("Math.random()"),
    import: {
      sync: (target) => `typeof require(${JSON.stringify(target)})`,
      targets: { inside: "supplied", kept: "other", outside: "other" },
      happened: (_at, value) => value === "function",
      cannot: NOT_GOVERNED,
    },
  };
}
