import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** One question that was asked of a store, and its answer, to the letter. */
export interface Exchange {
  readonly path: string;
  readonly form: Readonly<Record<string, string>>;
  readonly status: number;
  readonly text: string;
}

/** A server that gives what `answer` says, and keeps what was asked. */
export async function listen(
  answer: (path: string, form: Exchange["form"]) => Promise<Pick<Exchange, "status" | "text">>,
) {
  const asked: Exchange[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      void answer(path, form).then(({ status, text }) => {
        asked.push({ path, form, status, text });
        response.writeHead(status).end(text);
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    asked,
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async [Symbol.asyncDispose]() {
      const gone = once(server, "close");
      server.close();
      server.closeAllConnections();
      await gone;
    },
  };
}

/** A server that knows these questions and answers, and no others. */
export async function replay(exchanges: readonly Exchange[]) {
  const known = new Map(exchanges.map((each) => [keyOf(each.path, each.form), each]));
  return await listen((path, form) => {
    const { status = 404, text = `the recording has no answer to ${path} ${form["query"] ?? ""}` } =
      known.get(keyOf(path, form)) ?? {};
    return Promise.resolve({ status, text });
  });
}

function keyOf(path: string, form: Exchange["form"]): string {
  const names = Object.keys(form).toSorted((one, other) => one.localeCompare(other));
  return JSON.stringify([path, names.map((name) => [name, form[name]])]);
}
