import type { GuestArguments } from "./guest-arguments.ts";
import type { Misuse } from "./misuse.ts";
import type { Primordials } from "./primordials.ts";

/** What a command's options say, as it crosses the wall. */
interface ReadOptions {
  readonly input: [kind: string | null, data: string | Uint8Array];
  /** Milliseconds; 0 for none. */
  readonly timeout: number;
  /** Bytes; 0 for none. */
  readonly maxBuffer: number;
  /** As it was given; undefined if it was not. */
  readonly encoding: unknown;
  readonly signal: unknown;
  readonly dropsStderr: boolean;
}

export type CommandOptions = ReturnType<typeof commandOptions>;

/** Reads the options of a command: each is honoured or refused by its name. Planted by its source text. */
export function commandOptions(
  { isArray, trunc }: Primordials,
  { content, option, optionsOf }: GuestArguments,
  { badType, isEncoding, notOffered, outOfRange, unknownEncoding }: Misuse,
) {
  const given = (value: unknown): boolean => value !== undefined && value !== null;

  /** Their names; any other that is set is refused. */
  const names = [
    "input",
    "timeout",
    "maxBuffer",
    "encoding",
    "signal",
    "stdio",
    // Those that can only have the value which every command has.
    "cwd",
    "env",
    "shell",
    "killSignal",
    "serialization",
    // Those without an effect on Linux.
    "windowsHide",
    "windowsVerbatimArguments",
  ];

  function timeoutOf(value: unknown): number {
    if (!given(value)) return 0;
    if (typeof value !== "number" || trunc(value) !== value || value < 0)
      throw outOfRange("timeout", "an unsigned integer", value);
    return value;
  }

  function maxBufferOf(value: unknown): number {
    if (!given(value)) return 0;
    if (typeof value !== "number" || !(value >= 0))
      throw outOfRange("options.maxBuffer", "a positive number", value);
    // A command that may write nothing is one that may write a byte, which ends it as soon.
    return value < 1 ? 1 : value;
  }

  /** Which of the three streams are ignored. A stream is a pipe or nothing: the cell has none to inherit. */
  function ignoredIn(stdio: unknown): readonly [stdin: boolean, stderr: boolean] {
    if (!given(stdio) || stdio === "pipe") return [false, false];
    if (!isArray(stdio) || stdio.length > 3)
      throw notOffered("stdio", isArray(stdio) ? "a longer list" : stdio);
    const ignored = [false, false, false];
    for (let index = 0; index < stdio.length; index++) {
      const kind: unknown = stdio[index];
      if (kind === "ignore" && index !== 1) ignored[index] = true;
      else if (given(kind) && kind !== "pipe") throw notOffered(`stdio[${index}]`, kind);
    }
    return [ignored[0] === true, ignored[2] === true];
  }

  return (options: unknown): ReadOptions => {
    const read = optionsOf(options, names, "encoding");
    if (given(read["cwd"]) && read["cwd"] !== "/") throw notOffered("cwd", read["cwd"]);
    if (given(read["env"])) throw notOffered("env");
    if (given(read["shell"]) && read["shell"] !== false) throw notOffered("shell");
    const kill = read["killSignal"];
    if (given(kill) && kill !== "SIGKILL" && kill !== 9) throw notOffered("killSignal", kill);
    const serialization = read["serialization"];
    if (given(serialization) && serialization !== "json")
      throw notOffered("serialization", serialization);
    const encoding = read["encoding"];
    if (given(encoding) && encoding !== "buffer" && !isEncoding(encoding))
      throw unknownEncoding(encoding);
    const signal = read["signal"];
    if (signal !== undefined && typeof option(signal, "aborted") !== "boolean")
      throw badType("options.signal", "an instance of AbortSignal", signal);
    const [noInput, dropsStderr] = ignoredIn(read["stdio"]);
    const input = content(read["input"] ?? "");
    if (input[0] === null)
      throw badType(
        "options.stdio[0]",
        "of type string or an instance of Buffer, TypedArray, or DataView",
        read["input"],
      );
    return {
      input: noInput ? content("") : input,
      timeout: timeoutOf(read["timeout"]),
      maxBuffer: maxBufferOf(read["maxBuffer"]),
      encoding,
      signal,
      dropsStderr,
    };
  };
}
