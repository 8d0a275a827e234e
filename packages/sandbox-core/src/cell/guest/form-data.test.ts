import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { policyOf } from "../../testing/cells.ts";

let supervisor: Supervisor;
let cell: Sandbox;

beforeAll(async () => {
  supervisor = new Supervisor({
    policy: policyOf([
      { id: "net", effect: "allow", capability: "network", hosts: ["127.0.0.1:*"] },
    ]),
  });
  cell = await supervisor.spawn("former");
});

afterAll(async () => {
  await supervisor.close();
});

const X = "multipart/form-data; boundary=X";
const part = (head: string, content: string): string => `--X\r\n${head}\r\n\r\n${content}\r\n`;
const NAMED = 'Content-Disposition: form-data; name="a"';
const END = "--X--\r\n";

const READ = `async (type, text) => {
  const made = [new Response(text, { headers: { "content-type": type } }), new Request("http://a.test/", { method: "POST", body: text, headers: { "content-type": type } })];
  const out = [];
  for (const each of made) try {
    const form = await each.formData();
    for (const [name, value] of form) out.push(typeof value === "string" ? [name, value] : [name, value.name, value.type, await value.text(), value instanceof File]);
    out.push(each.bodyUsed);
  } catch (error) { out.push(error.name, error.message, error.cause?.message); }
  return out;
}`;

test.each([
  [
    X,
    part(NAMED, "1") +
      part(
        'Content-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/css',
        "hi\r\n--there",
      ) +
      END,
  ],
  [X, part('content-disposition:form-data;name="a%22b%0D%0A"', "1\n2") + END],
  [X, part('Content-Disposition: form-data; name="f"; filename="y"', "") + END],
  [X, part('Content-Disposition: form-data; name="ä"', "ü") + END],
  [X, END],
  [X, "--X--"],
  [X, ""],
  [X, "no form"],
  [X, "--X\r\n"],
  [X, part("Content-Disposition: form-data", "1") + END],
  [X, part("Content-Type: x", "1") + END],
  [X, part('Content-Disposition: attachment; name="a"', "1") + END],
  [X, part(NAMED, "1")],
  [X, `preamble\r\n${part(NAMED, "1")}${END}epilogue`],
  [X, part(`${NAMED}\r\nContent-Transfer-Encoding: base64`, "aGk=") + END],
  [X, part(NAMED, "x--X y\r\n--Xz") + END],
  ["multipart/form-data", END],
  [
    'Multipart/Form-Data; charset=utf-8; boundary="a b"',
    '--a b\r\nContent-Disposition: form-data; name="q"\r\n\r\nv\r\n--a b--',
  ],
  ["application/x-www-form-urlencoded", "a=1&b=%20"],
  ["text/plain", "x"],
])("formData() of a request and a response is as in Node: %s %j", async (type, text) => {
  const args = `${JSON.stringify(type)}, ${JSON.stringify(text)}`;
  // oxlint-disable-next-line no-eval -- the program is a constant of this file, run in Node for comparison
  const inNode: unknown = await (0, eval)(`(${READ})(${args})`);
  expect(await cell.exec(`(${READ})(${args})`)).toEqual(inNode);
});

test("a form goes to a server and back", async () => {
  const server = createServer((incoming, outgoing) => {
    outgoing.setHeader("content-type", incoming.headers["content-type"] ?? "");
    incoming.pipe(outgoing);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const back = await cell.exec(`(async () => {
      const form = new FormData(); form.append("text", "line\\nü"); form.append("text", "again"); form.append("file", new Blob([new Uint8Array([0, 13, 10, 255])], { type: "a/b" }), 'n"ame');
      const reply = await fetch("http://127.0.0.1:${port}/", { method: "POST", body: form });
      const got = await reply.formData(); const file = got.get("file");
      return [got.getAll("text"), file.name, file.type, [...await file.bytes()]];
    })()`);
    expect(back).toEqual([["line\r\nü", "again"], 'n"ame', "a/b", [0, 13, 10, 255]]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a stream as a body is refused by name", async () => {
  expect(
    await cell.exec(
      `fetch("http://127.0.0.1:1/", { method: "POST", body: new Blob(["x"]).stream(), duplex: "half" }).catch((error) => [error.name, error.message])`,
    ),
  ).toEqual(["TypeError", "A stream as a body is not offered in a cell; give its bytes"]);
  expect(cell.stats.denials).toBe(0);
});

test("a form that was made to be slow to read is read in time that grows with it", async () => {
  const error = await cell.exec(
    `new Response(("\\r\\n--" + "-".repeat(60)).repeat(20000), { headers: { "content-type": "multipart/form-data; boundary=" + "-".repeat(60) + "X" } }).formData().catch((error) => error.message)`,
  );
  expect(error).toBe("Failed to parse body as FormData.");
});
