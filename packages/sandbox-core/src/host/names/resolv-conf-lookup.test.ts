import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { rejectionOf } from "../../testing/cells.ts";
import { type DnsAnswer, serveNames, TYPE_A } from "../../testing/dns.ts";
import type { Lookup } from "./lookup-queue.ts";
import { systemLookup } from "./resolv-conf-lookup.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pyisolate-names-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** A look-up with files and a server of the test's. */
async function looking(
  answers: Readonly<Record<string, DnsAnswer>>,
  { hosts = "", resolv = "search .", now = "" } = {},
) {
  const server = await serveNames((name) => answers[name] ?? "NXDOMAIN");
  const lookup = systemLookup({
    servers: [server.address],
    hostsFile: file("hosts", hosts),
    resolvConf: file("resolv.conf", `${resolv}\noptions timeout:1 attempts:1\n${now}`),
  });
  return {
    lookup,
    /** Each name once, in the order in which it was first asked for. */
    asked: () => [...new Set(server.asked)],
    queries: () => server.asked.length,
    [Symbol.asyncDispose]: async () => await server[Symbol.asyncDispose](),
  };
}

const codeOf = async (lookup: Lookup, name: string): Promise<unknown> =>
  (await rejectionOf(lookup(name)))["code"];

describe("DNS", () => {
  test("both families, IPv4 first", async () => {
    await using names = await looking({ "both.test": ["2001:db8::7", "192.0.2.1", "192.0.2.2"] });
    expect(await names.lookup("Both.test.")).toEqual(["192.0.2.1", "192.0.2.2", "2001:db8::7"]);
    expect(names.queries()).toBe(2);
  });

  test("a name of one family only", async () => {
    await using names = await looking({ "four.test": ["192.0.2.1"], "six.test": ["2001:db8::1"] });
    expect(await names.lookup("four.test")).toEqual(["192.0.2.1"]);
    expect(await names.lookup("six.test")).toEqual(["2001:db8::1"]);
  });

  test.each([
    ["no such name", "NXDOMAIN", "ENOTFOUND"],
    ["a name without addresses", [], "ENOTFOUND"],
    ["a server that fails", "SERVFAIL", "EAI_AGAIN"],
    ["a server that refuses", "REFUSED", "EAI_AGAIN"],
    ["a server that is silent", "silence", "EAI_AGAIN"],
  ] as const)("%s", async (_what, answer, code) => {
    await using names = await looking({ "name.test": answer });
    expect(await codeOf(names.lookup, "name.test")).toBe(code);
  });

  test("no server at all", async () => {
    const gone = await serveNames(() => "silence");
    await gone[Symbol.asyncDispose]();
    const lookup = systemLookup({
      servers: [gone.address],
      hostsFile: file("hosts", ""),
      resolvConf: file("resolv.conf", "search .\noptions timeout:1 attempts:1"),
    });
    expect(await codeOf(lookup, "name.test")).toBe("EAI_AGAIN");
  });

  test("a server that never answers for one family delays the other by a moment only", async () => {
    for (const silent of [TYPE_A, 28]) {
      await using server = await serveNames((_name, type) =>
        type === silent ? "silence" : ["192.0.2.1", "2001:db8::1"],
      );
      const lookup = systemLookup({
        servers: [server.address],
        hostsFile: "/nowhere",
        resolvConf: "/nowhere",
      });
      const started = performance.now();
      expect(await lookup("half.test.example.test")).toEqual([
        silent === TYPE_A ? "2001:db8::1" : "192.0.2.1",
      ]);
      expect(performance.now() - started).toBeLessThan(1500);
    }
  });

  test("an aborted look-up ends at once, and nothing more is asked for it", async () => {
    await using names = await looking({ "silent.test": "silence" }, { now: "options attempts:5" });
    const control = new AbortController();
    const failed = rejectionOf(names.lookup("silent.test", { signal: control.signal }));
    await expect.poll(names.queries).toBe(2);
    control.abort(new Error("not wanted"));
    expect(await failed).toMatchObject({ message: "not wanted" });
    await sleep(1500);
    expect(names.queries()).toBe(2);
  });
});

describe("resolv.conf", () => {
  const cluster = "search shop.svc.cluster.test svc.cluster.test cluster.test\noptions ndots:5";

  test("a short name is looked for below each domain, in order, until it is found", async () => {
    await using names = await looking(
      { "db.svc.cluster.test": ["192.0.2.9"] },
      { resolv: cluster },
    );
    expect(await names.lookup("db")).toEqual(["192.0.2.9"]);
    expect(names.asked()).toEqual(["db.shop.svc.cluster.test", "db.svc.cluster.test"]);
  });

  test("a name with fewer dots than `ndots` is tried as it is last, one with as many first", async () => {
    await using names = await looking({ "api.example.test": ["192.0.2.1"] }, { resolv: cluster });
    expect(await names.lookup("api.example.test")).toEqual(["192.0.2.1"]);
    expect(names.asked()).toHaveLength(4);
    expect(names.asked().at(-1)).toBe("api.example.test");

    await using few = await looking(
      { "api.example.test": ["192.0.2.1"], "other.example.test.cluster.test": ["192.0.2.2"] },
      { resolv: "domain cluster.test" },
    );
    expect(await few.lookup("api.example.test")).toEqual(["192.0.2.1"]);
    expect(few.asked()).toEqual(["api.example.test"]);
    expect(await few.lookup("other.example.test")).toEqual(["192.0.2.2"]);
  });

  test("a domain whose server fails is passed over, and reported where nothing else is found", async () => {
    const failing: Readonly<Record<string, DnsAnswer>> = {
      "db.shop.svc.cluster.test": "SERVFAIL",
      "web.shop.svc.cluster.test": "SERVFAIL",
      "db.cluster.test": ["192.0.2.3"],
    };
    await using names = await looking(failing, { resolv: cluster });
    expect(await names.lookup("db")).toEqual(["192.0.2.3"]);
    expect(await codeOf(names.lookup, "web")).toBe("EAI_AGAIN");
  });

  test("a domain whose server is silent ends the search: what is behind it may be another's", async () => {
    await using names = await looking(
      { "db.shop.svc.cluster.test": "silence", db: ["192.0.2.3"] },
      { resolv: cluster },
    );
    expect(await codeOf(names.lookup, "db")).toBe("EAI_AGAIN");
    expect(names.asked()).toEqual(["db.shop.svc.cluster.test"]);
  });

  test("the last line counts, comments do not, and a change holds from the next name on", async () => {
    await using names = await looking(
      { "db.one.test": ["192.0.2.1"], "db.two.test": ["192.0.2.2"] },
      { resolv: "# search none.test\n;search none.test\nsearch two.test\n  search one.test. " },
    );
    expect(await names.lookup("db")).toEqual(["192.0.2.1"]);
    file("resolv.conf", "search two.test");
    expect(await names.lookup("db")).toEqual(["192.0.2.2"]);
  });
});

describe("the hosts file", () => {
  test("holds before DNS, by every name of a line, in any case, comments left out", async () => {
    await using names = await looking(
      { "outside.test": ["192.0.2.1"] },
      {
        hosts: `# 192.0.2.7 commented.test
          192.0.2.8\tOne.test  alias.test # late.test
          fd00::8 one.test
          192.0.2.9 one.test one.test
          nonsense broken.test
          192.0.2.10`,
      },
    );
    expect(await names.lookup("one.TEST")).toEqual(["192.0.2.8", "192.0.2.9", "fd00::8"]);
    expect(await names.lookup("alias.test")).toEqual(["192.0.2.8"]);
    expect(names.queries()).toBe(0);
    for (const name of ["commented.test", "late.test", "broken.test"])
      expect(await codeOf(names.lookup, name)).toBe("ENOTFOUND");
    expect(await names.lookup("outside.test")).toEqual(["192.0.2.1"]);
  });

  test("is read again when it has changed, was replaced, or has gone", async () => {
    await using names = await looking({}, { hosts: "192.0.2.1 name.test" });
    expect(await names.lookup("name.test")).toEqual(["192.0.2.1"]);
    file("hosts", "192.0.2.2 name.test");
    expect(await names.lookup("name.test")).toEqual(["192.0.2.2"]);
    renameSync(file("next", "192.0.2.3 name.test"), join(folder, "hosts"));
    expect(await names.lookup("name.test")).toEqual(["192.0.2.3"]);
    rmSync(join(folder, "hosts"));
    expect(await codeOf(names.lookup, "name.test")).toBe("ENOTFOUND");
  });

  test("localhost and what is below it is this host, whatever file or server say", async () => {
    await using names = await looking(
      { localhost: ["192.0.2.1"], "app.localhost": ["192.0.2.1"] },
      { hosts: "192.0.2.1 localhost app.localhost" },
    );
    for (const name of ["localhost", "LOCALHOST.", "app.localhost"])
      expect(await names.lookup(name)).toEqual(["127.0.0.1", "::1"]);
    expect(await codeOf(names.lookup, "notlocalhost")).toBe("ENOTFOUND");
  });
});
