import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { COLLECTOR_CONFIG } from "./collector.ts";
import { COMPONENTS } from "./collector-manifest.ts";

const text = await readFile(COLLECTOR_CONFIG, "utf8");
const config = parse(text, { merge: true }) as Record<string, Record<string, unknown>>;
/** What is merged over it. */
const examples = await Promise.all(
  ["scale-out/agent.yaml", "scale-out/gateway.yaml", "recovery/recovery.yaml"].map(async (path) => {
    const example = await readFile(join(import.meta.dirname, "../../../examples", path), "utf8");
    return parse(example, { merge: true }) as typeof config;
  }),
);
/** Variable → default, as the configuration reads them. */
const variables = new Map(
  [...text.matchAll(/\$\{env:([A-Z_]+)(?::-([^{}]*))?/g)].map(([, name = "", fallback]) => [
    name,
    fallback,
  ]),
);

test("the manifest requires what otel-collector.yaml and the examples name, and no more", () => {
  const named = Object.keys(COMPONENTS).flatMap((kind) =>
    [config, ...examples].flatMap((each) =>
      Object.keys(each[kind] ?? {}).map((name) => `${kind}/${name.split("/", 1)[0]}`),
    ),
  );
  const required = Object.entries(COMPONENTS).flatMap(([kind, components]) =>
    components.filter((component) => component.required).map(({ type }) => `${kind}/${type}`),
  );
  expect(new Set(required)).toEqual(new Set(named));
});

test("every variable has a default and stands in the table at the top, with it", () => {
  expect(variables.size).toBeGreaterThan(8);
  for (const [name, fallback] of variables) {
    expect(fallback, name).toBeDefined();
    // One that is made of others is shown as what it is made of.
    const shown = fallback === "$" ? "$OTELCOL_STATE_DIR/denials.jsonl" : fallback;
    expect(text).toMatch(new RegExp(`^#   ${name} +${RegExp.escape(shown ?? "")}( |$)`, "m"));
  }
});

test("every address is on loopback unless a variable says otherwise", () => {
  const addresses = [...variables].filter(([name]) => /_(ENDPOINT|HOST)$/.test(name));
  expect(addresses).toHaveLength(6);
  for (const [name, fallback] of addresses)
    expect(fallback, name).toMatch(/^(http:\/\/)?127\.0\.0\.1(:\d+)?(\/otlp)?$/);
});

test("every attribute the recorder may set gets through the second net", async () => {
  // Read as text: the stack depends on no package of ours.
  const names = await readFile(
    join(import.meta.dirname, "../../../packages/telemetry/src/semconv.ts"),
    "utf8",
  );
  const attributes = [...names.matchAll(/\battribute\(\s*"([a-z_.]+)"/g)].map(([, name]) => name);
  expect(attributes.length).toBeGreaterThan(20);
  const net = config["processors"]?.["redaction/logs"];
  expect(net).toMatchObject({ allowed_keys: expect.arrayContaining(attributes) as unknown });
});

test("no batch processor, no retry that gives up", () => {
  expect(Object.keys(config["processors"] ?? {})).not.toContain("batch");
  expect(config["exporters"]?.["otlp_http/store"]).toMatchObject({
    retry_on_failure: { max_elapsed_time: "0s" },
    sending_queue: { storage: "file_storage", block_on_overflow: false },
  });
});

test("whatever sends to a log store keeps VictoriaLogs' streams to the service's name, and nothing else may write that", () => {
  const toStores = [config, ...examples].flatMap((each) =>
    Object.entries(each["exporters"] ?? {}).filter(([name]) => name.startsWith("otlp_http/")),
  ) as [string, { readonly headers?: Readonly<Record<string, string>> }][];
  expect(toStores.map(([name]) => name)).toEqual(["otlp_http/store", "otlp_http/recovery"]);
  for (const [name, { headers }] of toStores)
    expect(headers, name).toEqual({ "VL-Stream-Fields": "service.name" });
  const pipelines = [config, ...examples].flatMap((each) => {
    const { pipelines: of = {} } = each["service"] as {
      readonly pipelines?: Readonly<Record<string, { readonly processors?: readonly string[] }>>;
    };
    return Object.entries(of).filter(([name]) => name.startsWith("logs"));
  });
  const processors = pipelines.flatMap(([, each]) =>
    each.processors === undefined ? [] : [each.processors],
  );
  expect(processors.length).toBeGreaterThan(1);
  for (const each of processors) expect(each).toContain("transform/event_name");
});
