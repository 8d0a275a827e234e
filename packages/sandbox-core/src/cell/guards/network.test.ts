import type { IncomingMessage } from "node:http";

import { PolicyError, Supervisor, type SupervisorOptions } from "@pyisolate/sandbox-core";
import { describe, expect, test } from "vitest";

import { policyOf, rejectionOf, until } from "../../testing/cells.ts";
import { certificates, serve, serveRaw, serveSecurely } from "../../testing/servers.ts";
import { kernelMode } from "../../testing/kernel-mode.ts";

const allow = (...hosts: string[]): object => ({
  id: "net",
  effect: "allow",
  capability: "network",
  operations: ["connect"],
  hosts,
});
const deny = (...hosts: string[]): object => ({
  id: "no",
  effect: "deny",
  capability: "network",
  operations: ["connect"],
  hosts,
});

/** Runs one guest under rules; what it gave, or what it was rejected with, and the targets of its denials. */
async function guest(
  source: string,
  rules: readonly object[],
  options: Partial<SupervisorOptions> & { limits?: object } = {},
): Promise<{ value?: unknown; error?: Error; denied: string[] }> {
  const { limits, ...rest } = options;
  await using supervisor = new Supervisor({
    ...kernelMode,
    policy: policyOf(rules, limits),
    pool: 0,
    ...rest,
  });
  const cell = await supervisor.spawn("guest");
  const denied = (): string[] =>
    cell.denialEvents().map((event) => `${event.reason} ${event.target}`);
  try {
    return { value: await cell.exec(source), denied: denied() };
  } catch (error) {
    return { error: error as Error, denied: denied() };
  }
}

/** The host's resolver, with answers of the test's own: nothing leaves the machine. */
const names =
  (table: Record<string, string[]>) =>
  async (hostname: string): Promise<string[]> => {
    const found = table[hostname];
    if (found === undefined) throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
    return found;
  };

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of incoming) body += String(chunk);
  return body;
}

describe("where a request goes", () => {
  test("a granted request arrives, and its answer comes back", async () => {
    await using server = await serve(async (incoming, outgoing) => {
      outgoing.setHeader(
        "X-Seen",
        `${incoming.method} ${incoming.url} ${incoming.headers.host} ${await bodyOf(incoming)}`,
      );
      outgoing.statusCode = 201;
      outgoing.end("héllo");
    });
    const { value } = await guest(
      `const r = await fetch("http://127.0.0.1:${server.port}/a?b=c#d", { method: "post", body: "payload" });
      ({ status: r.status, ok: r.ok, url: r.url, seen: r.headers.get("x-seen"), text: await r.text() })`,
      [allow("127.0.0.1:*")],
    );
    expect(value).toEqual({
      status: 201,
      ok: true,
      url: `http://127.0.0.1:${server.port}/a?b=c`,
      seen: `POST /a?b=c 127.0.0.1:${server.port} payload`,
      text: "héllo",
    });
  });

  test("all spellings of an address are one address, granted and denied alike", async () => {
    await using server = await serve((_incoming, outgoing) => void outgoing.end("here"));
    const spellings = [
      "127.0.0.1",
      "2130706433",
      "0x7f.1",
      "0177.0.0.1",
      "127.1",
      "[::ffff:127.0.0.1]",
      "[::FFFF:7F00:1]",
      "127.0.0.1.",
      "１２７.0.0.1",
    ];
    const source = `const out = [];
      for (const host of ${JSON.stringify(spellings)}) out.push(await fetch("http://" + host + ":${server.port}/").then((r) => r.text(), (e) => e.name));
      out`;
    expect((await guest(source, [allow("127.0.0.1:*")])).value).toEqual(
      spellings.map(() => "here"),
    );
    const { value, denied } = await guest(source, [allow("*:*"), deny("127.0.0.1:*")]);
    expect(value).toEqual(spellings.map(() => "PolicyError"));
    expect(denied).toEqual(spellings.map(() => `explicit_deny 127.0.0.1:${server.port}`));
  });

  test("all spellings of a name are one name", async () => {
    await using server = await serve(
      (incoming, outgoing) => void outgoing.end(incoming.headers.host),
    );
    const { value, denied } = await guest(
      `const out = []; for (const host of ["api.test", "API.Test", "api.test.", "a%70i.test"]) out.push(await (await fetch("http://" + host + ":${server.port}/")).text()); out.length`,
      [allow("api.test:*", "127.0.0.1:*")],
      { lookup: names({ "api.test": ["127.0.0.1"] }) },
    );
    expect({ value, denied }).toEqual({ value: 4, denied: [] });
  });

  test("a granted name that leads to loopback or a private network is refused, and recorded by address", async () => {
    for (const address of [
      "127.0.0.1",
      "10.1.2.3",
      "169.254.169.254",
      "::1",
      "::ffff:127.0.0.1",
      "fd00::1",
      "0.0.0.0",
    ]) {
      const { error, denied } = await guest(
        `await fetch("http://rebound.test/")`,
        [allow("rebound.test:80")],
        { lookup: names({ "rebound.test": [address] }) },
      );
      expect(error).toBeInstanceOf(PolicyError);
      expect(denied).toHaveLength(1);
      expect(denied[0]).not.toContain("rebound");
    }
  });

  test("the system's own answer is checked as well: localhost by name reaches nothing", async () => {
    const { error, denied } = await guest(`await fetch("http://localhost:9/")`, [
      allow("localhost:*"),
    ]);
    expect(error).toBeInstanceOf(PolicyError);
    expect(denied[0]).toMatch(/^outside_scope (?:127\.0\.0\.1|\[::1\]):9$/);
  });

  test("a name that leads to a private address is reached where a rule names that address", async () => {
    await using server = await serve((_incoming, outgoing) => void outgoing.end("inside"));
    const { value } = await guest(
      `await (await fetch("http://inside.test:${server.port}/")).text()`,
      [allow("inside.test:*", "127.0.0.0/8:*")],
      {
        lookup: names({ "inside.test": ["127.0.0.1"] }),
      },
    );
    expect(value).toBe("inside");
  });

  test("a deny rule on an address holds whatever the name", async () => {
    const { error, denied } = await guest(
      `await fetch("http://public.test/")`,
      [allow("public.test:*"), deny("192.88.1.1:*")],
      {
        lookup: names({ "public.test": ["192.88.1.1"] }),
      },
    );
    expect(error).toBeInstanceOf(PolicyError);
    expect(denied).toEqual(["explicit_deny 192.88.1.1:80"]);
  });

  test("of several addresses only the admitted are connected to", async () => {
    await using server = await serve((_incoming, outgoing) => void outgoing.end("here"));
    const { value } = await guest(
      `await (await fetch("http://mixed.test:${server.port}/")).text()`,
      [allow("mixed.test:*", "127.0.0.1:*")],
      {
        lookup: names({ "mixed.test": ["127.0.0.2", "10.0.0.1", "127.0.0.1"] }),
      },
    );
    expect(value).toBe("here");
  });

  test("the name is looked up once: what was checked is what is connected to", async () => {
    await using server = await serve((_incoming, outgoing) => void outgoing.end("first"));
    let lookups = 0;
    const { value } = await guest(
      `await (await fetch("http://flip.test:${server.port}/")).text()`,
      [allow("flip.test:*", "127.0.0.1:*")],
      {
        lookup: async () => (++lookups === 1 ? ["127.0.0.1"] : ["127.0.0.9"]),
      },
    );
    expect({ value, lookups }).toEqual({ value: "first", lookups: 1 });
  });

  test("a name that does not exist is the operation's failure, no denial; so are a resolver's nonsense and its throw", async () => {
    const source = `await fetch("http://gone.test/").then(() => "reached", (e) => e.name + " " + e.code)`;
    const rules = [allow("gone.test:*")];
    const lookups = {
      "TypeError ENOTFOUND": [
        names({}),
        async () => [],
        async () => ["not an address", "fe80::1%eth0"],
        async () => null as never,
      ],
      "TypeError EAI_AGAIN": [
        async () => await Promise.reject(Object.assign(new Error("later"), { code: "EAI_AGAIN" })),
      ],
    };
    for (const [expected, kinds] of Object.entries(lookups)) {
      for (const lookup of kinds)
        expect(await guest(source, rules, { lookup })).toEqual({ value: expected, denied: [] });
    }
  });

  test("a policy that is put in force while a name is looked up holds for that request", async () => {
    let answer: (addresses: string[]) => void = () => undefined;
    let asked = false;
    await using supervisor = new Supervisor({
      ...kernelMode,
      policy: policyOf([allow("slow.test:*")]),
      token: "t",
      pool: 0,
      lookup: async () => {
        asked = true;
        return await new Promise<string[]>((resolve) => {
          answer = resolve;
        });
      },
    });
    const cell = await supervisor.spawn("guest");
    const running = rejectionOf(cell.exec(`await fetch("http://slow.test/")`));
    await until("the name is being looked up", () => asked);
    await supervisor.reloadPolicy(policyOf([]), "t");
    answer(["192.88.1.1"]);
    expect(await running).toBeInstanceOf(PolicyError);
    expect(cell.denialEvents().map(({ target }) => target)).toEqual(["slow.test:80"]);
  });
});

describe("redirects", () => {
  test("a redirect is a new request: to loopback it is refused and recorded", async () => {
    await using secret = await serve((_incoming, outgoing) => void outgoing.end("secret"));
    await using server = await serve(
      (_incoming, outgoing) =>
        void outgoing.writeHead(302, { location: `http://127.0.0.2:${secret.port}/` }).end(),
    );
    const { error, denied } = await guest(
      `await fetch("http://front.test:${server.port}/")`,
      [allow("front.test:*", "127.0.0.1:*")],
      {
        lookup: names({ "front.test": ["127.0.0.1"] }),
      },
    );
    expect(error).toBeInstanceOf(PolicyError);
    expect(denied).toEqual([`outside_scope 127.0.0.2:${secret.port}`]);
    expect(secret.sockets.size).toBe(0);
  });

  test("a redirect to credentials or to another scheme is refused as one from the guest, and recorded", async () => {
    for (const [location, target] of [
      ["http://user:pass@127.0.0.1:9/", "malformed 127.0.0.1:9"],
      ["file:///etc/passwd", "malformed file:"],
      ["http://", "malformed http:"],
    ] as const) {
      await using server = await serve(
        (_incoming, outgoing) => void outgoing.writeHead(307, { location }).end(),
      );
      const { error, denied } = await guest(`await fetch("http://127.0.0.1:${server.port}/")`, [
        allow("127.0.0.1:*"),
      ]);
      expect(error).toBeInstanceOf(PolicyError);
      expect(denied).toEqual([target]);
    }
  });

  test("a redirect that leaves the origin takes no credentials along, and a 303 no body", async () => {
    const seen: string[] = [];
    await using other = await serve(async (incoming, outgoing) => {
      const { authorization, cookie, "x-kept": kept, "content-type": type } = incoming.headers;
      seen.push(
        `${[incoming.method, authorization, cookie, kept, type].join(" ")} [${await bodyOf(incoming)}]`,
      );
      outgoing.end("done");
    });
    await using server = await serve(
      (_incoming, outgoing) =>
        void outgoing.writeHead(303, { location: `http://127.0.0.1:${other.port}/` }).end(),
    );
    const { value } = await guest(
      `const r = await fetch("http://127.0.0.1:${server.port}/", { method: "POST", body: "b", headers: { Authorization: "s", Cookie: "c", "X-Kept": "k", "Content-Type": "text/plain" } });
      r.redirected + await r.text()`,
      [allow("127.0.0.1:*")],
    );
    expect(value).toBe("truedone");
    expect(seen).toEqual(["GET   k  []"]);
  });

  test("redirects that never end are given up, and manual and error do as they say", async () => {
    let hits = 0;
    await using server = await serve((_incoming, outgoing) => {
      hits += 1;
      outgoing.writeHead(302, { location: "/again" }).end();
    });
    const { value } = await guest(
      `const u = "http://127.0.0.1:${server.port}/";
      const say = (p) => p.then((r) => r.status + " " + r.headers.get("location"), (e) => e.message);
      [await say(fetch(u)), await say(fetch(u, { redirect: "manual" })), await say(fetch(u, { redirect: "error" }))]`,
      [allow("127.0.0.1:*")],
    );
    expect(value).toEqual([
      "fetch failed: too many redirects",
      "302 /again",
      "fetch failed: redirected",
    ]);
    expect(hits).toBe(23);
  });
});

describe("what a request may say", () => {
  test("a malformed request is refused before the policy, as one denial", async () => {
    const url = `"http://127.0.0.1:9/"`;
    const calls = {
      "another scheme": `fetch("gopher://127.0.0.1:9/")`,
      "an endless URL": `fetch("http://127.0.0.1:9/" + "a".repeat(9000))`,
      "an endless name": `fetch("http://" + "é.".repeat(2000) + "/")`,
      "the Host header, which would front another domain": `fetch(${url}, { headers: { hOsT: "other" } })`,
      "a length of its own": `fetch(${url}, { headers: { "Content-Length": "5" } })`,
      "chunks of its own": `fetch(${url}, { headers: { "Transfer-Encoding": "chunked" } })`,
      "endless headers": `fetch(${url}, { headers: { a: "b".repeat(20000) } })`,
      "many headers": `fetch(${url}, { headers: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => ["h" + i, "v"])) })`,
    };
    const { value, denied } = await guest(
      `const out = []; for (const call of [${Object.values(calls)
        .map((call) => `() => ${call}`)
        .join(
          ",",
        )}]) out.push(await call().then(() => "sent", (e) => e.name + " " + e.reason)); out`,
      [allow("*:*")],
    );
    expect(value).toEqual(Object.keys(calls).map(() => "PolicyError malformed"));
    expect(denied.filter((line) => line.startsWith("malformed"))).toHaveLength(
      Object.keys(calls).length,
    );
  });

  test("what is not a request is a TypeError to the guest, and no denial", async () => {
    const url = `"http://127.0.0.1:9/"`;
    const calls = {
      credentials: `fetch("http://user:pass@127.0.0.1:9/")`,
      "no URL": `fetch("127.0.0.1:9")`,
      "a relative URL": `fetch("/relative")`,
      "not text": `fetch(7)`,
      "a header with a line in it": `fetch(${url}, { headers: { a: "b\\r\\nHost: other" } })`,
      "a header's name with a line in it": `fetch(${url}, { headers: { "a\\r\\nb": "c" } })`,
      "a tunnel": `fetch(${url}, { method: "CONNECT" })`,
      "a method with a line in it": `fetch(${url}, { method: "GET / HTTP/1.1\\r\\nX:" })`,
      "a body for GET": `fetch(${url}, { body: "b" })`,
      "an unknown redirect": `fetch(${url}, { redirect: "maybe" })`,
    };
    const { value, denied } = await guest(
      `const out = []; for (const call of [${Object.values(calls)
        .map((call) => `() => ${call}`)
        .join(
          ",",
        )}]) out.push(await call().then(() => "sent", (e) => e instanceof TypeError)); out`,
      [allow("*:*")],
    );
    expect(value).toEqual(Object.keys(calls).map(() => true));
    expect(denied).toEqual([]);
  });

  test("a malformed request says which host was tried, and no secret of its URL", async () => {
    const tried = {
      "http://a\u0001b.test/path": String.raw`malformed a\u{1}b.test`,
      "https://user:pass@one two/?key=secret": "malformed one two",
      "http://127.0.0.1:9/": "malformed 127.0.0.1:9",
    };
    const { denied } = await guest(
      `for (const url of ${JSON.stringify(Object.keys(tried))}) await fetch(url + "a".repeat(url.endsWith("9/") ? 9000 : 0)).catch(() => {}); 0`,
      [allow("*:*")],
    );
    expect(denied).toEqual(Object.values(tried));
  });

  test("spellings of one header are one header", async () => {
    await using server = await serve(
      (incoming, outgoing) => void outgoing.end(JSON.stringify(incoming.rawHeaders)),
    );
    const { value } = await guest(
      `await (await fetch("http://127.0.0.1:${server.port}/", { headers: { "X-A": "1", "x-a": "2", Cookie: "a", cookie: "b", __proto__x: "p" } })).json()`,
      [allow("127.0.0.1:*")],
    );
    expect(value).toEqual([
      "x-a",
      "1, 2",
      "cookie",
      "a; b",
      "__proto__x",
      "p",
      "accept",
      "*/*",
      "accept-language",
      "*",
      "sec-fetch-mode",
      "cors",
      "user-agent",
      "node",
      "accept-encoding",
      "gzip, deflate",
      "host",
      `127.0.0.1:${server.port}`,
      "Connection",
      "close",
    ]);
  });
});

describe("what an answer may do", () => {
  test("a body is bounded by the cell's memory", async () => {
    await using server = await serve((_incoming, outgoing) => {
      const more = (): void => {
        while (!outgoing.destroyed && outgoing.write(Buffer.alloc(65_536, "x")));
      };
      outgoing.on("drain", more);
      more();
    });
    const { value, denied } = await guest(
      `await fetch("http://127.0.0.1:${server.port}/").then(() => "read", (e) => e.code)`,
      [allow("127.0.0.1:*")],
    );
    expect({ value, denied }).toEqual({ value: "ERR_BODY_TOO_LARGE", denied: [] });
    await until("the connection is let go", () => server.sockets.size === 0);
  });

  test("the largest body that is let in fits into the guest, whatever is in it", async () => {
    await using server = await serve(
      (_incoming, outgoing) => void outgoing.end(Buffer.alloc(8 * 1024 * 1024, 1)),
    );
    const { value } = await guest(
      `const r = await fetch("http://127.0.0.1:${server.port}/"); const copy = r.clone(); (await r.bytes()).length + (await copy.text()).length`,
      [allow("127.0.0.1:*")],
      {
        limits: { cpu_ms: 10_000 },
      },
    );
    expect(value).toBe(16 * 1024 * 1024);
  });

  test("a server that dribbles its answer is left when the time is over, and so is the cell", async () => {
    await using server = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      const timer = setInterval(() => socket.write("x-a: b\r\n"), 50);
      socket.on("close", () => clearInterval(timer));
    });
    const { error, denied } = await guest(
      `await fetch("http://127.0.0.1:${server.port}/")`,
      [allow("127.0.0.1:*")],
      { limits: { wall_ms: 800 } },
    );
    expect(error).toMatchObject({ name: "PolicyError" });
    expect(denied).toEqual(["limit 800 ms"]);
    await until("the connection is let go", () => server.sockets.size === 0);
  });

  test("an unawaited fetch ends when its time is over, though the cell lives on", async () => {
    await using server = await serveRaw((socket) => void socket.resume());
    await using supervisor = new Supervisor({
      ...kernelMode,
      policy: policyOf([allow("127.0.0.1:*")], { wall_ms: 1000 }),
      pool: 0,
    });
    const cell = await supervisor.spawn("guest");
    await cell.exec(
      `globalThis.seen = ""; void fetch("http://127.0.0.1:${server.port}/").catch((e) => { seen = e.code; }); 0`,
    );
    await until("the connection stands", () => server.sockets.size === 1);
    await until("the fetch has given up", async () => (await cell.exec("seen")) === "ETIMEDOUT");
    await until("the connection is let go", () => server.sockets.size === 0);
  });

  test("an answer with an endless head, with none, or with nonsense is a failure, no crash", async () => {
    const answers = [
      `HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}\r\n\r\n`,
      "",
      "what?\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
    ];
    for (const answer of answers) {
      await using server = await serveRaw((socket) => void socket.end(answer));
      const { value, denied } = await guest(
        `await fetch("http://127.0.0.1:${server.port}/").then((r) => r.status, (e) => e.name)`,
        [allow("127.0.0.1:*")],
      );
      expect({ answer: answer.slice(0, 40), value, denied }).toEqual({
        answer: answer.slice(0, 40),
        value: "TypeError",
        denied: [],
      });
    }
  });

  test("HEAD, 204 and 304 have no body, and nothing stays connected", async () => {
    await using server = await serve((incoming, outgoing) => {
      outgoing.statusCode = Number(incoming.url?.slice(1));
      outgoing.setHeader("content-length", incoming.method === "HEAD" ? "100" : "0");
      outgoing.end();
    });
    const { value } = await guest(
      `const u = "http://127.0.0.1:${server.port}/"; const out = [];
      for (const [path, method] of [["200", "HEAD"], ["204", "GET"], ["304", "GET"]]) { const r = await fetch(u + path, { method }); out.push(r.status + ":" + (await r.text())); }
      out`,
      [allow("127.0.0.1:*")],
    );
    expect(value).toEqual(["200:", "204:", "304:"]);
    await until("no connection is left", () => server.sockets.size === 0);
  });

  test("a server that cannot be reached is a failure with its code", async () => {
    const server = await serve(() => undefined);
    await server[Symbol.asyncDispose]();
    const { value, denied } = await guest(
      `await fetch("http://127.0.0.1:${server.port}/").catch((e) => e.code)`,
      [allow("127.0.0.1:*")],
    );
    expect({ value, denied }).toEqual({ value: "ECONNREFUSED", denied: [] });
  });
});

describe("https", () => {
  const { ca, key, cert } = certificates("secure.test");
  const lookup = names({ "secure.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] });
  const rules = [allow("secure.test:*", "other.test:*", "127.0.0.1:*")];

  test("a certificate of the given authority is believed for its own name, and the name is sent", async () => {
    await using server = await serveSecurely(
      { key, cert },
      (incoming, outgoing) =>
        void outgoing.end(String((incoming.socket as { servername?: unknown }).servername)),
    );
    const source = (host: string): string =>
      `await fetch("https://${host}:${server.port}/").then((r) => r.text(), (e) => e.code)`;
    expect((await guest(source("secure.test"), rules, { lookup, ca })).value).toBe("secure.test");
    expect((await guest(source("secure.test."), rules, { lookup, ca })).value).toBe("secure.test");
    expect((await guest(source("other.test"), rules, { lookup, ca })).value).toBe(
      "ERR_TLS_CERT_ALTNAME_INVALID",
    );
    expect((await guest(source("127.0.0.1"), rules, { lookup, ca })).value).toBe(
      "ERR_TLS_CERT_ALTNAME_INVALID",
    );
  });

  test("a certificate of an unknown authority is not believed", async () => {
    await using server = await serveSecurely(
      { key, cert },
      (_incoming, outgoing) => void outgoing.end("reached"),
    );
    const { value } = await guest(
      `await fetch("https://secure.test:${server.port}/").then((r) => r.text(), (e) => e.code)`,
      rules,
      { lookup },
    );
    expect(value).toMatch(
      /^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/,
    );
  });
});
