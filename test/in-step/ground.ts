import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FREE_CALLS } from "../guest-names/guest-calls.ts";

/** The modules of the names that need no authority. */
const MODULES_OF_CALLS = new Set(
  FREE_CALLS.flatMap(({ path, args }) => `${path} ${args}`.match(/node:[a-z_/]+/g) ?? []),
);

/** Folders of the granted side that each guest finds empty. */
const EMPTIED = ["w", "m", "t"];

/** How many files there are to be read, on the granted and on the denied side. */
export const READABLE = 64;

/**
 * Where guests are let loose: files, commands and servers, half of them granted. What came to be on it is read from the
 * machine itself; nothing here asks the package under test.
 */
export class Ground implements AsyncDisposable {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "pyisolate-in-step-")));
  readonly granted = join(this.root, "granted");
  readonly denied = join(this.root, "denied");
  readonly #spare = join(this.root, "spare");
  readonly command = join(this.root, "append");
  readonly deniedCommand = join(this.root, "mark");
  /** Stands in everything that no guest may ever hold. */
  readonly canary = `CANARY-${randomBytes(8).toString("hex")}`;
  readonly modules: Readonly<Record<string, string>>;
  /** On the granted side: a confined command writes it. */
  readonly #log = join(this.granted, "log");
  readonly #marks = join(this.root, "marks");
  readonly #servers: readonly Server[] = [createServer(), createServer()];
  readonly #before: string;
  #ports: readonly [number, number] = [0, 0];
  /** Paths that arrived at the granted server. */
  readonly requests: string[] = [];
  /** Connections that arrived at the denied one. */
  deniedConnections = 0;
  /** Numbers of the requests that called the host's granted function. */
  readonly counted: number[] = [];
  /** How often its denied one was called. */
  deniedCalls = 0;
  /** Functions of the host; one of them is granted. */
  readonly tools = {
    "count.once": (args: unknown): { counted: number } => {
      const { i } = args as { i: number };
      this.counted.push(i);
      return { counted: i };
    },
    harm: (): string => {
      this.deniedCalls += 1;
      return this.canary;
    },
  };

  private constructor() {
    mkdirSync(this.granted);
    for (const folder of [...EMPTIED, "few"]) mkdirSync(join(this.granted, folder));
    mkdirSync(join(this.granted, "all/in"), { recursive: true });
    writeFileSync(join(this.granted, "all/in/three"), "");
    for (const name of ["one", "two"]) writeFileSync(join(this.granted, "few", name), name);
    mkdirSync(this.denied);
    mkdirSync(this.#spare);
    for (let index = 0; index < READABLE; index++) {
      writeFileSync(join(this.granted, `r${index}`), `granted ${index}`);
      writeFileSync(join(this.denied, `c${index}`), `${this.canary} ${index}`);
    }
    symlinkSync(join(this.denied, "c0"), join(this.granted, "link"));
    writeFileSync(this.command, `#!/bin/sh\necho "$1" >> ${this.#log}\nprintf 'ran %s' "$1"\n`);
    writeFileSync(this.deniedCommand, `#!/bin/sh\necho "$1" >> ${this.#marks}\n`);
    for (const file of [this.command, this.deniedCommand]) chmodSync(file, 0o755);
    this.#before = snapshot(this.denied);
    this.modules = {
      small: "module.exports = 7;",
      // Longer than the cell's buffer for a verdict, so that one read does not bring it whole.
      big: `/* ${"x".repeat(6000)} */ module.exports = 8;`,
      es: "export const nine = 9;",
      "big-es": `/* ${"x".repeat(6000)} */ export const ten = 10;`,
      "on-big": `export { ten } from "big-es"; import eight from "big"; export { eight };`,
      // Not kept, since it throws: each load runs its body again.
      body: "globalThis.inBody(); throw new Error('ran');",
      "es-body": "globalThis.inBody(); export const x = 1; throw new Error('ran');",
      forbidden: `module.exports = "${this.canary}";`,
    };
  }

  static async make(): Promise<Ground> {
    const ground = new Ground();
    const [open, closed] = ground.#servers as [Server, Server];
    open.on("request", (incoming, outgoing) => {
      ground.requests.push((incoming.url ?? "").slice(1));
      outgoing.end(`served ${(incoming.url ?? "").slice(1)}`);
    });
    closed.on("connection", (socket) => {
      ground.deniedConnections += 1;
      socket.destroy();
    });
    ground.#ports = [await listen(open), await listen(closed)];
    return ground;
  }

  get port(): number {
    return this.#ports[0];
  }

  get deniedPort(): number {
    return this.#ports[1];
  }

  /** The one policy of all guests here. Whatever it does not name is denied. */
  rules(): object[] {
    const allow = (id: string, rest: object): object => ({ id, effect: "allow", ...rest });
    const modules = [...MODULES_OF_CALLS, "node:fs", "node:child_process"];
    for (const name of Object.keys(this.modules)) if (name !== "forbidden") modules.push(name);
    return [
      allow("modules", { capability: "import", modules }),
      allow("files", { capability: "filesystem", paths: [`${this.granted}/**`] }),
      allow("command", { capability: "subprocess", commands: [this.command] }),
      allow("server", { capability: "network", hosts: [`127.0.0.1:${this.port}`] }),
      allow("draws", { capability: "random" }),
      allow("tools", { capability: "tool", tools: ["count.*"] }),
    ];
  }

  /** A rule beside the others, for a grant that a reload takes away: a cell gives it up while guests that do not use it go on. */
  spare(): object {
    const paths = [`${this.#spare}/**`];
    return { id: "spare", effect: "allow", capability: "filesystem", operations: ["read"], paths };
  }

  /** Numbers of the requests whose file was written, with what it holds. */
  written(): Map<number, string> {
    const folder = join(this.granted, "w");
    const file = (name: string): [number, string] => [
      Number(name),
      readFileSync(join(folder, name), "utf8"),
    ];
    return new Map(readdirSync(folder).map(file));
  }

  /** Numbers of the requests whose directory was made. */
  made(): number[] {
    return readdirSync(join(this.granted, "m")).map(Number);
  }

  /** Numbers of the requests whose command ran, one for each run. */
  ran(): number[] {
    return lines(this.#log).map(Number);
  }

  /** What happened that nothing here ever grants. */
  harm(): string[] {
    const found: string[] = [];
    if (snapshot(this.denied) !== this.#before) found.push("the denied folder changed");
    if (lines(this.#marks).length > 0) found.push("a denied command ran");
    if (this.deniedConnections > 0) found.push("the denied server was reached");
    if (this.deniedCalls > 0) found.push("the denied function was called");
    return found;
  }

  /** Makes everything as it was, for the next guest. */
  clear(): void {
    for (const folder of EMPTIED) {
      rmSync(join(this.granted, folder), { recursive: true });
      mkdirSync(join(this.granted, folder));
    }
    // A guest may write them, with what they hold, and be ended between the moment when a file is empty and when it is written.
    for (let index = 0; index < READABLE; index++)
      writeFileSync(join(this.granted, `r${index}`), `granted ${index}`);
    for (const file of [this.#log, this.#marks]) rmSync(file, { force: true });
    this.requests.length = 0;
    this.deniedConnections = 0;
    this.counted.length = 0;
    this.deniedCalls = 0;
    if (snapshot(this.denied) === this.#before) return;
    rmSync(this.denied, { recursive: true });
    mkdirSync(this.denied);
    mkdirSync(this.#spare);
    for (let index = 0; index < READABLE; index++)
      writeFileSync(join(this.denied, `c${index}`), `${this.canary} ${index}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    }
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Names and contents; times are left out, since the folder is put back after a guest that broke in. */
function snapshot(folder: string): string {
  const entries = readdirSync(folder).toSorted();
  const shown = entries.map((name) => {
    const path = join(folder, name);
    return `${name}=${statSync(path).isFile() ? readFileSync(path, "utf8") : "no file"}`;
  });
  return shown.join("\n");
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}
