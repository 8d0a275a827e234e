import { type Ground, READABLE } from "./ground.ts";
import { never, type Operation } from "./operation.ts";

// Opening files, and each use of what is open. The prelude's `useFile` and `useLater` close it after.

type Row = Pick<Operation, "name" | "operation" | "source" | "target"> & Partial<Operation>;

const row = (given: Row): Operation => ({
  capability: "filesystem",
  allowed: false,
  later: false,
  answers: never,
  ...given,
});

const onGranted = (name: string) => (ground: Ground, i: number) => `${ground.granted}/${name}${i}`;
const onDenied = (ground: Ground, i: number): string => `${ground.denied}/c${i % READABLE}`;

const READ = `G + "/r" + (i % ${READABLE})`;
const DENIED = `D + "/c" + (i % ${READABLE})`;
const NEW = `G + "/t/" + i`;
const WRITTEN = `G + "/w/" + i`;

/** What every use gives, one after another, on a file that is new. */
const USES = "2,2,4,2,bc,1,a,1";

export const OPEN_FILE_OPERATIONS: readonly Operation[] = [
  row({
    name: "open denied",
    operation: "read",
    source: () => `fs.openSync(${DENIED}, "r+")`,
    target: onDenied,
  }),
  row({
    name: "open denied later",
    operation: "read",
    later: true,
    source: () =>
      `(i % 2 === 0 ? fs.promises.open(${DENIED}, "r+") : calledBack("open", ${DENIED}))`,
    target: onDenied,
  }),
  row({
    name: "open to write denied",
    operation: "write",
    source: () => `fs.openSync(D + "/w" + i, "wx")`,
    target: (ground, i) => `${ground.denied}/w${i}`,
  }),
  row({
    name: "open to write denied later",
    operation: "write",
    later: true,
    source: () => `calledBack("open", D + "/w" + i, "a")`,
    target: (ground, i) => `${ground.denied}/w${i}`,
  }),
  row({
    name: "truncate denied",
    operation: "write",
    source: () => `fs.truncateSync(${DENIED})`,
    target: onDenied,
  }),
  row({
    name: "truncate denied later",
    operation: "write",
    later: true,
    source: () =>
      `(i % 2 === 0 ? fs.promises.truncate(${DENIED}, 1) : calledBack("truncate", ${DENIED}, 1))`,
    target: onDenied,
  }),
  row({
    name: "read what is open",
    operation: "read",
    allowed: true,
    source: () =>
      `((fd) => { const bytes = new Uint8Array(16); try { return String.fromCharCode(...bytes.subarray(0, fs.readSync(fd, bytes))); } finally { fs.closeSync(fd); } })((roomy(i), fs.openSync(${READ})))`,
    target: (ground, i) => `${ground.granted}/r${i % READABLE}`,
    answers: (value, i) => value === `granted ${i % READABLE}`,
  }),
  row({
    name: "write what is open",
    operation: "write",
    allowed: true,
    source: () =>
      `useFile((roomy(i), fs.openSync(${WRITTEN}, "wx")), (fd) => fs.writeSync(fd, "w" + i))`,
    target: onGranted("w/"),
    answers: (value, i) => value === `w${i}`.length,
    effect: "file",
  }),
  row({
    name: "write what is open later",
    operation: "write",
    allowed: true,
    later: true,
    source: () =>
      `calledBack("open", ${WRITTEN}, "a").then((fd) => useLater(fd, () => calledBack("write", fd, "w" + i)))`,
    target: onGranted("w/"),
    answers: (value, i) => value === `w${i}`.length,
    effect: "file",
  }),
  row({
    name: "write by a handle",
    operation: "write",
    allowed: true,
    later: true,
    source: () =>
      `fs.promises.open(${WRITTEN}, "ax").then(async (handle) => { try { return (await handle.write("w" + i)).bytesWritten; } finally { await handle.close(); } })`,
    target: onGranted("w/"),
    answers: (value, i) => value === `w${i}`.length,
    effect: "file",
  }),
  row({
    name: "read by a handle",
    operation: "read",
    allowed: true,
    later: true,
    source: () =>
      `fs.promises.open(${READ}).then(async (handle) => { try { return await handle.readFile("utf8"); } finally { await handle.close(); } })`,
    target: (ground, i) => `${ground.granted}/r${i % READABLE}`,
    answers: (value, i) => value === `granted ${i % READABLE}`,
  }),
  // Begun with the whole stack: the streams of the library may be cut off where none of their events comes any more.
  row({
    name: "read by a stream",
    operation: "read",
    allowed: true,
    later: true,
    source: () =>
      `Promise.resolve().then(async () => { let text = ""; for await (const part of fs.createReadStream(${READ}, "utf8")) text += part; return text; })`,
    target: (ground, i) => `${ground.granted}/r${i % READABLE}`,
    answers: (value, i) => value === `granted ${i % READABLE}`,
  }),
  row({
    name: "write by a stream",
    operation: "write",
    allowed: true,
    later: true,
    source: () =>
      `Promise.resolve().then(() => new Promise((go, no) => { const out = fs.createWriteStream(${WRITTEN}, { flags: "ax" }); out.on("error", no); out.end("w" + i, (error) => { if (error) no(error); else go(out.bytesWritten); }); }))`,
    target: onGranted("w/"),
    answers: (value, i) => value === `w${i}`.length,
    effect: "file",
  }),
  row({
    name: "stream denied",
    operation: "read",
    later: true,
    source: () =>
      `Promise.resolve().then(() => new Promise((go, no) => { fs.createReadStream(${DENIED}).on("error", no).on("end", go).resume(); }))`,
    target: onDenied,
  }),
  row({
    name: "read all that is open",
    operation: "read",
    allowed: true,
    source: () => `useFile((roomy(i), fs.openSync(${READ})), (fd) => fs.readFileSync(fd, "utf8"))`,
    target: (ground, i) => `${ground.granted}/r${i % READABLE}`,
    answers: (value, i) => value === `granted ${i % READABLE}`,
  }),
  row({
    name: "use what is open",
    operation: "write",
    allowed: true,
    slow: true,
    source: () => `useFile((roomy(i), fs.openSync(${NEW}, "wx+")), (fd) => {
      const two = [new Uint8Array(1), new Uint8Array(1)], one = new Uint8Array(1);
      return [fs.writeSync(fd, "ab"), fs.writevSync(fd, [new Uint8Array([99]), new Uint8Array([100])]), fs.fstatSync(fd).size,
        fs.readvSync(fd, two, 1), String.fromCharCode(two[0][0], two[1][0]), (fs.ftruncateSync(fd, 1), fs.fsyncSync(fd), fs.fdatasyncSync(fd), fs.readSync(fd, one, 0, 1, 0)),
        String.fromCharCode(one[0]), (fs.truncateSync(${NEW}, 1), fs.fstatSync(fd).size)].join(); })`,
    target: onGranted("t/"),
    answers: (value) => value === USES,
  }),
  row({
    name: "use what is open later",
    operation: "write",
    allowed: true,
    later: true,
    slow: true,
    source: () => `(async () => {
      const fd = await calledBack("open", ${NEW}, "wx+"), two = [new Uint8Array(1), new Uint8Array(1)], one = new Uint8Array(1), all = [];
      all.push(await calledBack("write", fd, "ab"), await calledBack("writev", fd, [new Uint8Array([99]), new Uint8Array([100])]));
      all.push((await calledBack("fstat", fd)).size, await calledBack("readv", fd, two, 1), String.fromCharCode(two[0][0], two[1][0]));
      await calledBack("ftruncate", fd, 1); await calledBack("fsync", fd); await calledBack("fdatasync", fd);
      all.push(await calledBack("read", fd, one, 0, 1, 0), String.fromCharCode(one[0]));
      await calledBack("truncate", ${NEW}, 1);
      all.push((await calledBack("fstat", fd)).size);
      await calledBack("close", fd);
      return all.join(); })()`,
    target: onGranted("t/"),
    answers: (value) => value === USES,
  }),
];
