import type { GuestOperation } from "../../surface.ts";
import * as filesystem from "./filesystem.ts";
import type { Guard } from "./guard.ts";
import * as handles from "./by-handle.ts";
import { importModule } from "./import.ts";
import { fetchUrl } from "./network.ts";
import * as random from "./random.ts";
import { readdir } from "./list.ts";
import * as looking from "./look-at.ts";
import { open, truncate } from "./open.ts";
import { rm, unlink } from "./remove.ts";
import { execFile } from "./subprocess.ts";
import { copyFile, rename } from "./two-paths.ts";
import { appendFile, writeFile } from "./write-file.ts";

/** The guard of each row of the surface table. The type makes a missing or extra row a compile error. */
export const GUARDS: Readonly<Record<GuestOperation, Guard>> = {
  "fs.readFile": filesystem.readFile,
  "fs.writeFile": writeFile,
  "fs.appendFile": appendFile,
  "fs.mkdir": filesystem.mkdir,
  "fs.readdir": readdir,
  "fs.stat": looking.stat,
  "fs.lstat": looking.lstat,
  "fs.access": looking.access,
  "fs.realpath": looking.realpath,
  "fs.exists": looking.exists,
  "fs.rm": rm,
  "fs.unlink": unlink,
  "fs.copyFile": copyFile,
  "fs.rename": rename,
  "fs.open": open,
  "fs.read": handles.read,
  "fs.write": handles.write,
  "fs.fstat": handles.fstat,
  "fs.ftruncate": handles.ftruncate,
  "fs.fsync": handles.fsync,
  "fs.truncate": truncate,
  fetch: fetchUrl,
  "child_process.execFile": execFile,
  "crypto.getRandomValues": random.getRandomValues,
  "crypto.randomUUID": random.randomUUID,
  "Math.random": random.random,
  import: importModule,
};
