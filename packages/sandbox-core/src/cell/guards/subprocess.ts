import { MAX_ARGUMENTS_JSON, MAX_REQUEST_TARGET } from "../../frames.ts";
import { commandEnvironment } from "../commands/command-environment.ts";
import { failUnlessDone } from "../commands/command-error.ts";
import { type CommandOutcome, runCommand } from "../commands/run-command.ts";
import { runCommandSync } from "../commands/run-command-sync.ts";
import type { Answer } from "../guest/bridge.ts";
import { contentOf, decodeText } from "./parse-arguments.ts";
import { type Guard, Malformed } from "./guard.ts";
import { probeExec } from "./kernel-probe.ts";

/** Longest text of the arguments of a malformed request, in UTF-16 code units: a record shows no more. */
const MAX_SHOWN = 1024;

/**
 * `execFile`: runs a command by the absolute path that the policy names, without a shell, with three environment variables and
 * bounded output and time. The command leads a process group, which is killed as a whole, and carries the cell's mark, by which
 * the host finds processes that left the group.
 */
export const execFile: Guard = (
  [file, list, kind, data, timeout, encoding, maxBuffer],
  mode,
  { wallMs, outputBytes: mostBytes, signal },
) => {
  if (typeof file !== "string" || file === "" || file.includes("\0") || !file.isWellFormed()) {
    throw new Malformed(
      "the command is not text",
      typeof file === "string" ? file.slice(0, 256).toWellFormed() : "",
    );
  }
  if (file.length > MAX_REQUEST_TARGET)
    throw new Malformed(
      "the command is too long",
      file.slice(0, MAX_REQUEST_TARGET).toWellFormed(),
    );
  const args = argumentList(list, file);
  const input = contentOf(kind, data, null, file);
  const asGuest = decodeText(encoding, file);
  const limitMs = typeof timeout === "number" && timeout > 0 ? Math.min(timeout, wallMs) : wallMs;
  const outputBytes =
    typeof maxBuffer === "number" && maxBuffer > 0 ? Math.min(maxBuffer, mostBytes) : mostBytes;
  const isSync = mode === "sync";
  const command = { file, args, env: commandEnvironment(), input, isSync, limitMs, outputBytes };

  const answer = (outcome: CommandOutcome): Answer => {
    failUnlessDone(outcome, command);
    return asGuest(Buffer.from(outcome.stdout));
  };
  const answerLater = (outcome: CommandOutcome): readonly [Answer, Uint8Array] | Answer => {
    failUnlessDone(outcome, command);
    const [stdout, stderr] = [Buffer.from(outcome.stdout), Buffer.from(outcome.stderr)];
    const [text, errors] = [asGuest(stdout), asGuest(stderr)];
    if (typeof text === "string" && typeof errors === "string")
      return `j${JSON.stringify({ stdout: text.slice(1), stderr: errors.slice(1) })}`;
    return [`j${JSON.stringify({ length: stdout.length })}`, Buffer.concat([stdout, stderr])];
  };

  return {
    target: file,
    args,
    probe: () => probeExec(file),
    perform: () =>
      isSync ? answer(runCommandSync(command)) : runCommand(command, signal).then(answerLater),
  };
};

/** @param list The arguments as JSON; of a list that is none, as the guest runtime read it until there, without its end. */
function argumentList(list: unknown, command: string): string[] {
  const args = parsed(list) ?? parsed(`${String(list)}]`) ?? [];
  if (typeof list !== "string" || list.length > MAX_ARGUMENTS_JSON || parsed(list) === undefined)
    throw new Malformed("the arguments are not a list of texts", command, beginningOf(args));
  if (args.some((arg) => arg.includes("\0") || !arg.isWellFormed()))
    throw new Malformed("an argument holds a NUL or broken text", command, beginningOf(args));
  return args;
}

function parsed(json: unknown): string[] | undefined {
  if (typeof json !== "string") return undefined;
  try {
    const args: unknown = JSON.parse(json);
    const isList = Array.isArray(args) && args.every((arg) => typeof arg === "string");
    return isList ? args : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** The first arguments, as long as a record shows them. */
function beginningOf(args: readonly string[]): string[] {
  const shown: string[] = [];
  let left = MAX_SHOWN;
  for (const arg of args) {
    if (left <= 0) break;
    shown.push(arg.slice(0, left).toWellFormed());
    left -= arg.length + 1;
  }
  return shown;
}
