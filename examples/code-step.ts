// A workflow's code step: a person's code gets the items of the step before, and gives those of the next one.
import { readFile } from "node:fs/promises";

import { GuestError, PolicyError, Supervisor } from "@pyisolate/sandbox-core";

const supervisor = new Supervisor({ policy: { version: 1, name: "code steps", rules: [] } });

/** Runs one step in a cell of its own. What goes wrong is told to the person who wrote it, with the line. */
async function codeStep(name: string, code: string, items: readonly unknown[]) {
  await using cell = await supervisor.spawn(name);
  try {
    // The code stands on the lines that its author sees.
    const program = `(async (items) => {${code}\n})(input)`;
    return { items: await cell.exec(program, { input: items, limits: { wallMs: 2000 } }) };
  } catch (error) {
    return { problem: problemOf(error, code.split("\n")) };
  }
}

function problemOf(error: unknown, lines: readonly string[]): string {
  if (error instanceof PolicyError) {
    const { policyRule, attemptedAction, capability } = error.denialEvent;
    return policyRule === "limit.wall" || policyRule === "limit.cpu"
      ? "The step took too long."
      : `The step may not do this: ${capability} ${attemptedAction}${placeIn(error.guestStack, lines)}`;
  }
  if (!(error instanceof GuestError)) throw error;
  return `${error.guestName}: ${error.message}${placeIn(error.guestStack, lines)}`;
}

function placeIn(guestStack = "", lines: readonly string[]): string {
  const line = Number(/guest\.js:(\d+)/.exec(guestStack)?.[1] ?? 0);
  return line > 0 ? `\n  line ${line}: ${lines[line - 1]?.trim() ?? ""}` : "";
}

const [, , file, json = "[]"] = process.argv;
if (file === undefined) throw new Error("usage: node code-step.ts CODE.js '[…items]'");
const items = JSON.parse(json) as unknown[];
console.log(JSON.stringify(await codeStep("step-1", await readFile(file, "utf8"), items)));
await supervisor.close();
