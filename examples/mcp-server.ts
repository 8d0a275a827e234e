// A runner for an AI's code: an MCP server on standard input and output with one tool. A session is a cell.
import { inspect } from "node:util";

import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { loadPolicy } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import { z } from "zod";

import { inSafeWords } from "./in-safe-words.ts";

const policy = await loadPolicy(process.argv[2] ?? "mcp-policy.yaml");
const supervisor = new Supervisor({ policy });
let cell = await supervisor.spawn("mcp-session");

const server = new McpServer({ name: "javascript", version: "1.0.0" });
server.registerTool(
  "run_javascript",
  {
    description:
      "Runs a JavaScript program and gives the value of its last expression, awaited. What is put on globalThis stays for the next one.",
    inputSchema: { source: z.string() },
  },
  async ({ source }, { signal }) => {
    // A limit ends the cell: the session goes on in a fresh one.
    if (cell.closed) cell = await supervisor.spawn("mcp-session");
    try {
      const value = await cell.exec(source, { signal });
      return { content: [{ type: "text", text: inspect(value, { depth: 10 }) }] };
    } catch (error) {
      const text = inSafeWords(error, cell.policy);
      return { isError: true, content: [{ type: "text", text }] };
    }
  },
);
server.server.onclose = () => void supervisor.close();
await server.connect(new StdioServerTransport());
