import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildBundle } from "./build.ts";
import { bundleFolder } from "./cache.ts";
import { createProgress, SILENT } from "./progress.ts";
import { isAlive } from "./testing/is-alive.ts";

let folder: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "stack-build-"));
  env = {
    PATH: process.env["PATH"],
    PYISOLATE_CACHE: join(folder, "cache"),
    GOPROXY: "off",
    CALLS: join(folder, "calls"),
  };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A Go that installs empty programs, after this shell script; CALLS gets a line for each call. */
async function fakeGo(before = ""): Promise<string> {
  const path = join(folder, "go");
  await writeFile(
    path,
    `#!/bin/sh
echo "$GOPROXY $*" >> "$CALLS"
${before}
for argument; do
  case $argument in *@*)
    program="$GOBIN/$(basename "\${argument%@*}")"
    mkdir -p "$GOBIN" && echo '#!/bin/sh' > "$program" && chmod +x "$program";;
  esac
done
`,
  );
  await chmod(path, 0o755);
  return path;
}

const calls = async () => (await readFile(join(folder, "calls"), "utf8")).trim().split("\n");

test("two that build at once build once, with Go's settings left as they are", async () => {
  const go = await fakeGo("sleep 0.3");
  const notes: string[] = [];
  const progress = { ...SILENT, note: (text: string) => notes.push(text) };
  const [one, two] = await Promise.all([
    buildBundle("prometheus", { env, go, progress }),
    buildBundle("prometheus", { env, go, progress }),
  ]);
  expect(one).toBe(bundleFolder("prometheus", env));
  expect(two).toBe(one);
  expect((await readdir(one)).toSorted()).toEqual(["prometheus", "promtool"]);
  expect(notes).toEqual(["Waiting for another process that builds prometheus ..."]);
  expect(await calls()).toMatchInlineSnapshot(`
    [
      "off install -tags=remove_all_sd,netgo -ldflags=-s -w -X github.com/prometheus/common/version.Version=3.16.0 github.com/prometheus/prometheus/cmd/prometheus@v0.316.0 github.com/prometheus/prometheus/cmd/promtool@v0.316.0",
    ]
  `);
  await buildBundle("prometheus", { env, go, progress });
  expect(await calls()).toHaveLength(1);
});

test("a build that fails says what Go said and what to do, and leaves nothing", async () => {
  const go = await fakeGo("echo 'module not found' >&2; exit 1");
  const error = await buildBundle("prometheus", { env, go, progress: SILENT }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: "build-failed", output: "module not found" });
  expect(String(error)).toContain("go env GOPROXY");
  expect(await readdir(join(folder, "cache"))).toEqual([]);
});

test("a build that is killed leaves nothing that counts as built, no compiler at work, and the next sweeps up", async () => {
  // It kills the builder as the first thing it does: the watchdog must have been there before.
  const go = await fakeGo(
    `echo $$ > ${join(folder, "pid")}; [ -e ${join(folder, "quick")} ] || { kill -KILL $PPID; sleep 60; }`,
  );
  const code = `
    import { buildBundle } from ${JSON.stringify(join(import.meta.dirname, "build.ts"))};
    import { SILENT } from ${JSON.stringify(join(import.meta.dirname, "progress.ts"))};
    await buildBundle("prometheus", { env: process.env, go: ${JSON.stringify(go)}, progress: SILENT });`;
  await writeFile(join(folder, "builder.ts"), code);
  const builder = spawn(process.execPath, [join(folder, "builder.ts")], { env, stdio: "ignore" });
  expect(await once(builder, "exit")).toEqual([null, "SIGKILL"]);
  const pid = Number(await readFile(join(folder, "pid"), "utf8"));
  await expect(access(bundleFolder("prometheus", env))).rejects.toThrow("ENOENT");
  for (let left = 100; isAlive(pid) && left > 0; left--) await sleep(50);
  expect(isAlive(pid)).toBe(false);

  await writeFile(join(folder, "quick"), "");
  await buildBundle("prometheus", { env, go, progress: SILENT });
  expect(await readdir(join(folder, "cache"))).toHaveLength(1);
});

test("half a bundle in the cache is built again", async () => {
  const go = await fakeGo();
  const place = bundleFolder("prometheus", env);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, "prometheus"), "");
  await buildBundle("prometheus", { env, go, progress: SILENT });
  expect(await readdir(place)).toHaveLength(2);
});

test("a log gets lines, a terminal one line that is rewritten", async () => {
  const written = { log: "", terminal: "" };
  const log = createProgress({ write: (text) => (written.log += text) });
  const terminal = createProgress({ isTTY: true, write: (text) => (written.terminal += text) });
  await log.step("Building", () => Promise.resolve());
  await terminal.step("Building", () => sleep(1100));
  expect(written.log).toBe("Building ...\nBuilding: done in 0 s\n");
  expect(written.terminal).toBe(
    "\r\u001B[KBuilding ...\r\u001B[KBuilding ... 1 s\r\u001B[KBuilding: done in 1 s\n",
  );
  await expect(log.step("Failing", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(written.log).toContain("Failing: failed after 0 s");
});
