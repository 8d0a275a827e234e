import { type Ground, READABLE } from "./ground.ts";
import type { Life } from "./life.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { State } from "./programs.ts";

/** The fault of a cell that nothing but its wall limit has ended. */
export const HUNG = "the cell hung until its time was up";

/** How far a refusal's id, its event and its attempt belong together, by what it was about. */
interface Tally {
  /** Attempts, and of them those that certainly were refused. */
  tried: number;
  refused: number;
}

/**
 * What is wrong with a guest's life, as sentences; none where all is well. It looks at what came to be on the ground, at the
 * events, and at what the guest says it was given: an effect or a value without an `allow` of its own is a fault, and so is a
 * denial that no attempt explains.
 */
export function faults(ground: Ground, life: Life): string[] {
  return [
    ...ground.harm(),
    ...leaks(ground, life),
    ...ofAttempts(ground, life),
    ...ofEffects(ground, life),
    ...ofEndings(life),
  ];
}

/** Whether anything that the guest could show holds what only the denied side holds. */
function leaks(ground: Ground, { account, endings, messages, lines }: Life): string[] {
  const shown = (value: unknown): string =>
    value instanceof Error ? `${value.name} ${value.message} ${String(value.stack)}` : text(value);
  const told = [account?.values, ...endings, messages, lines].map(shown).join("\n");
  return told.includes(ground.canary) ? ["the guest holds what is denied to it"] : [];
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function ofAttempts(ground: Ground, life: Life): string[] {
  const { account, events } = life;
  const found: string[] = [];
  const denied = new Map<string, number>();
  for (const { capability, operation, target } of events) {
    if (capability === "limit") continue;
    const key = `${capability} ${operation} ${target}`;
    denied.set(key, (denied.get(key) ?? 0) + 1);
  }
  if (account === undefined) return found;
  const tallies = new Map<string, Tally>();
  for (const [i, kind] of account.kinds.entries()) {
    const row = OPERATIONS[kind - 1] as Operation;
    const state = account.states[i];
    const value = account.values[i];
    if (state === State.done && !row.answers(value, i))
      found.push(`attempt ${i}, ${row.name}, got what is not its answer: ${text(value)}`);
    if (row.allowed) {
      if (state === State.refused && value !== "limit")
        found.push(`attempt ${i}, ${row.name}, was refused: ${text(value)}`);
      continue;
    }
    const key = `${row.capability} ${row.operation} ${row.target(ground, i)}`;
    const tally = tallies.get(key) ?? { tried: 0, refused: 0 };
    tally.tried += 1;
    if (state === State.refused && value !== "limit") tally.refused += 1;
    tallies.set(key, tally);
  }
  for (const [key, { tried, refused }] of tallies) {
    const recorded = denied.get(key) ?? 0;
    denied.delete(key);
    if (recorded < refused || recorded > tried)
      found.push(`${key}: ${refused} of ${tried} refused, ${recorded} recorded`);
  }
  for (const key of denied.keys()) found.push(`denied without being asked for: ${key}`);
  return found;
}

/** Numbers of the attempts that left something on the ground, or arrived at the host; one for each time. */
export function effects(
  ground: Ground,
  { messages, lines }: Pick<Life, "messages" | "lines">,
): Record<NonNullable<Operation["effect"]>, readonly number[]> {
  return {
    file: [...ground.written().keys()],
    directory: ground.made(),
    run: ground.ran(),
    exchange: ground.requests.map(Number),
    tool: [...ground.counted],
    message: messages
      .map((message) => Number((message as { i?: unknown }).i))
      .filter((i) => !Number.isNaN(i)),
    // A group indents the lines in it.
    line: lines.filter((line) => /^ *\d+ [{[]/.test(line)).map((line) => Number.parseInt(line, 10)),
  };
}

/** What came to be, against what may have and what must have. */
function ofEffects(ground: Ground, life: Life): string[] {
  const { account, allowed } = life;
  const found: string[] = [];
  const came = effects(ground, life);
  for (const [i, held] of ground.written()) {
    // Written by the attempt, copied by it from the file that it read, or cut off before either.
    if (held !== `w${i}` && held !== `granted ${i % READABLE}` && held !== "")
      found.push(`file ${i} holds ${JSON.stringify(held)}`);
  }
  const most = (capability: string, times: number, what: string): void => {
    const decided = allowed.get(capability) ?? 0;
    if (times > decided) found.push(`${times} ${capability} ${what}, ${decided} allowed`);
  };
  most("filesystem", came.file.length + came.directory.length, "effects");
  most("subprocess", came.run.length, "effects");
  most("network", came.exchange.length, "effects");
  most("tool", came.tool.length, "effects");
  for (const [effect, numbers] of Object.entries(came))
    if (new Set(numbers).size < numbers.length) found.push(`a ${effect} came to be twice`);
  if (account === undefined) return found;
  const answered = new Map<string, number>();
  for (const [i, kind] of account.kinds.entries()) {
    const row = OPERATIONS[kind - 1] as Operation;
    if (account.states[i] !== State.done) continue;
    if (row.capability) answered.set(row.capability, (answered.get(row.capability) ?? 0) + 1);
    if (row.effect !== undefined && !came[row.effect].includes(i))
      found.push(`attempt ${i}, ${row.name}, was done and came to nothing`);
  }
  for (const [capability, times] of answered) most(capability, times, "answers");
  for (const [effect, numbers] of Object.entries(came))
    for (const i of numbers) {
      const row = OPERATIONS[(account.kinds[i] ?? 0) - 1];
      if (row?.effect !== effect) found.push(`a ${effect} came to be that attempt ${i} is not`);
    }
  return found;
}

/** A cell ends with one record, and its caller is told of that very event; nothing but the documented errors. */
function ofEndings({ endings, events, end, account, neighbourLives }: Life): string[] {
  const found: string[] = neighbourLives ? [] : ["another cell was harmed"];
  for (const ending of endings) {
    if (!(ending instanceof Error)) continue;
    // By name: a copy of the package has classes of its own.
    if (!["PolicyError", "GuestError", "ClosedError"].includes(ending.name))
      found.push(`a program ended with a ${ending.name}: ${ending.message}`);
  }
  const limits = events.filter(
    ({ capability, operation }) =>
      capability === "limit" && operation !== "output" && operation !== "calls",
  );
  if (account === undefined && (end === undefined || limits.length !== 1 || limits[0] !== end))
    found.push(
      `the cell ended with ${limits.length} records, and told ${end?.attemptedAction ?? String(endings.at(-1))}`,
    );
  if (account !== undefined && limits.length > 0)
    found.push("a limit was recorded of a cell that lives");
  if (end?.policyRule === "limit.wall") found.push(HUNG);
  return found;
}
