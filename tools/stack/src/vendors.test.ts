import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { COLLECTOR_CONFIG, startCollector, validateConfig } from "./collector.ts";
import { requireServers } from "./servers.ts";

const page = await readFile(join(import.meta.dirname, "../../../docs/operating.md"), "utf8");

/** File name → its text, as an operator copies it from the page. */
const blocks = new Map(
  [...page.matchAll(/^```yaml\n# ([a-z]+)\.yaml\n(.*?)^```$/gms)].map(
    ([, name = "", text = ""]) => [name, text],
  ),
);

test("the page has ten lines, or about as many, for each vendor", () => {
  expect([...blocks.keys()]).toEqual(["elastic", "datadog", "splunk"]);
  for (const [name, text] of blocks) expect(text.split("\n").length, name).toBeLessThan(13);
});

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-vendor-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const file = join(folder, "vendor.yaml");
  await writeFile(file, text);
  return file;
}

/** A value for each variable that a block reads. */
function variablesOf(text: string, url: string): NodeJS.ProcessEnv {
  const names = [...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, name = ""]) => name);
  return Object.fromEntries(
    names.map((name) => [name, name.endsWith("ENDPOINT") ? url : name.toLowerCase()]),
  );
}

test.each([...blocks])(
  "the Collector accepts its configuration with the lines for %s, and not without the variables in them",
  async (_name, text) => {
    const { otelcol: binary } = await requireServers();
    const config = [COLLECTOR_CONFIG, await fileWith(text)];
    await validateConfig({ binary, config, env: variablesOf(text, "https://127.0.0.1:4318") });
    await expect(validateConfig({ binary, config })).rejects.toMatchObject({
      code: "config-invalid",
    });
    const names = Object.keys(variablesOf(text, ""));
    // No key, and no name of a person's host, stands in the block itself.
    expect(names.filter((name) => /KEY|TOKEN/.test(name))).toHaveLength(1);
    expect(parse(text)).toHaveProperty("service.pipelines.logs.exporters", [
      "file",
      "otlp_http/store",
    ]);
  },
);

test.each([
  ["elastic", "/v1/logs", { authorization: "ApiKey elastic_api_key" }],
  ["datadog", "/v1/logs", { "dd-api-key": "dd_api_key" }],
  // The agent that it goes to has the token.
  ["splunk", "/v1/logs", {}],
])(
  "a record goes where the lines for %s say, with the key",
  async (name, path, key) => {
    const text = blocks.get(name) ?? "";
    const got = Promise.withResolvers<{ url: string; headers: IncomingHttpHeaders }>();
    const server = createServer((request, response) => {
      got.resolve({ url: request.url ?? "", headers: request.headers });
      request.resume().once("end", () => response.writeHead(200).end());
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // Datadog's address is that of the signal itself.
    const env = variablesOf(text, name === "datadog" ? `${base}${path}` : base);
    const { otelcol: binary } = await requireServers();
    await using collector = await startCollector({
      binary,
      config: [COLLECTOR_CONFIG, await fileWith(text)],
      env,
    });
    const body = {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ eventName: "pyisolate.denial" }] }] }],
    };
    const answer = await fetch(`${collector.otlpEndpoint}/v1/logs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    const { url, headers } = await got.promise;
    expect(url).toBe(path);
    expect(headers).toMatchObject(key);
  },
  60_000,
);
