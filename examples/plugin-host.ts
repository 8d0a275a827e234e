// A plugin host: each tenant's handler answers requests in a cell and under a policy of its own, and calls functions of the host.
import { InvalidPolicyError } from "@pyisolate/policy";
import {
  GuestError,
  PolicyError,
  type Sandbox,
  Supervisor,
  ToolError,
} from "@pyisolate/sandbox-core";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";
import Fastify from "fastify";
import { z } from "zod";

const token = process.env["ADMIN_TOKEN"] ?? "change me";
const otel = startTelemetry({
  serviceName: "plugins",
  metrics: "prometheus",
  logs: "none",
  port: 0,
});
const denials = createDenialRecorder();
const notes = new Map<string, string>();

const supervisor = new Supervisor({
  policy: { version: 1, name: "nothing", rules: [] },
  denials,
  token,
  tools: {
    "notes.put": {
      schema: z.object({ key: z.string().max(64), text: z.string().max(1000) }),
      handler: ({ key, text }: { key: string; text: string }, { cell }) => {
        notes.set(`${cell}/${key}`, text);
      },
    },
    "notes.get": {
      schema: z.string().max(64),
      handler: (key: string, { cell }) => {
        const text = notes.get(`${cell}/${key}`);
        if (text === undefined) throw new ToolError(`no note ${key}`, { code: "NOT_FOUND" });
        return text;
      },
    },
  },
});

interface Plugin {
  readonly source: string;
  readonly policy: object;
  readonly cell: Sandbox;
}
const plugins = new Map<string, Plugin>();

/** Starts a tenant's plugin in a fresh cell. If that fails, the one before goes on. */
async function start(tenant: string, { source, policy }: Omit<Plugin, "cell">): Promise<Plugin> {
  const cell = await supervisor.spawn(tenant, { policy });
  try {
    await cell.exec(source);
  } catch (error) {
    await cell.close();
    throw error;
  }
  const before = plugins.get(tenant);
  const plugin = { source, policy, cell };
  plugins.set(tenant, plugin);
  await before?.cell.close();
  return plugin;
}

const app = Fastify();
app.setErrorHandler((error, _request, reply) => {
  if (error instanceof PolicyError)
    return reply.code(403).send({ error: "denied", denial: error.denialEvent.id });
  // Every mistake of a policy, with what to write instead.
  if (error instanceof InvalidPolicyError) return reply.code(400).send({ error: error.message });
  if (error instanceof GuestError) return reply.code(500).send({ error: "the plugin failed" });
  const { statusCode = 500 } = error as { statusCode?: number };
  return reply.code(statusCode).send({ error: statusCode < 500 ? String(error) : "failed" });
});

interface Tenant {
  readonly Params: { readonly tenant: string };
}

app.put<Tenant & { Body: Omit<Plugin, "cell"> }>("/plugins/:tenant", async (request, reply) => {
  if (request.headers.authorization !== `Bearer ${token}`) return await reply.code(401).send();
  await start(request.params.tenant, request.body);
  return await reply.code(204).send();
});

app.put<Tenant>("/plugins/:tenant/policy", async (request, reply) => {
  const [, given = ""] = /^Bearer (.*)$/.exec(request.headers.authorization ?? "") ?? [];
  // In force from the plugin's next operation on. A wrong token is a denial, recorded like any other.
  await supervisor.reloadPolicy(request.body as object, given, { cell: request.params.tenant });
  return await reply.code(204).send();
});

app.all<Tenant & { Params: { "*": string } }>("/:tenant/*", async (request, reply) => {
  const { tenant, "*": path } = request.params;
  const known = plugins.get(tenant);
  if (known === undefined) return await reply.code(404).send();
  // A limit ends a cell: the plugin starts again with the next request.
  const { cell } = known.cell.closed ? await start(tenant, known) : known;
  const { method, query, body } = request;
  return await cell.call("handle", { method, path, query: { ...(query as object) }, body });
});

app.get("/metrics", async (_request, reply) => {
  const page = await fetch(otel.prometheusUrl ?? "");
  return await reply.type("text/plain; version=0.0.4").send(await page.text());
});

async function stop(): Promise<void> {
  await app.close();
  await supervisor.close();
  await denials.shutdown();
  await otel.shutdown();
}
process.once("SIGTERM", () => void stop());
await otel.ready();
console.log(await app.listen({ host: "127.0.0.1", port: Number(process.env["PORT"] ?? 8080) }));
