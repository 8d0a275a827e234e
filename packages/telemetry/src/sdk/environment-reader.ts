import { cleanText } from "@pyisolate/policy/events";

/** Environment variables. An empty one counts as unset, as the OpenTelemetry specification says. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How much of an unusable value a warning shows, UTF-16 code units. */
const MAX_SHOWN = 200;

/** The longest time that Node's timers know, milliseconds: past it they fire after one. Past it no number makes sense either. */
export const LONGEST = 2 ** 31 - 1;

/** Reads the standard variables. It warns of one that it cannot use, because a bad variable must not stop a service. */
export class EnvironmentReader {
  readonly #variables: Environment;
  readonly #warn: (message: string) => void;
  readonly #said = new Set<string>();

  constructor(variables: Environment, warn: (message: string) => void) {
    this.#variables = variables;
    this.#warn = warn;
  }

  /** Warns once of each variable: metrics and logs share most of them. */
  warn(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#warn(message);
  }

  /** Warns that a variable's value is not what is `wanted`. @param instead What happens then. */
  unusable(name: string, value: string, wanted: string, instead = "the default is used"): void {
    this.warn(
      `${name}=${JSON.stringify(cleanText(value, MAX_SHOWN))} is not ${wanted}: ${instead}`,
    );
  }

  text(name: string): string | undefined {
    const value = this.#variables[name]?.trim();
    return value === "" ? undefined : value;
  }

  /** Whether there is space around the value, which the SDK's own reader of endpoints takes for no value at all. */
  isPadded(name: string): boolean {
    const value = this.#variables[name] ?? "";
    return value !== value.trim();
  }

  flag(name: string): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value !== undefined && value !== "true" && value !== "false") {
      this.unusable(name, value, "true or false");
    }
    return value === "true";
  }

  /** A whole number from `min` to `max`; undefined if the variable is unset or something else. */
  number(name: string, min: number, max = LONGEST): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    this.unusable(name, value, `a whole number from ${min} to ${max}`);
    return undefined;
  }

  /**
   * The first of `allowed` in a list, as the specification lets a variable name several; `unknown` if it names none of them, and undefined
   * if it is unset.
   */
  choice<Choice extends string>(
    name: string,
    allowed: readonly Choice[],
  ): Choice | "unknown" | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const listed = value.split(",").map((part) => part.trim().toLowerCase());
    const known = listed.flatMap((part) => allowed.filter((choice) => choice === part));
    const wanted = `one of ${allowed.join(", ")}`;
    const [first] = known;
    if (first === undefined) {
      this.unusable(name, value, wanted, "nothing is sent");
      return "unknown";
    }
    if (listed.length > 1) this.unusable(name, value, wanted, `${first} is used`);
    return first;
  }
}
