import { resolve } from "node:path";

import { cleanText, type Policy } from "@pyisolate/policy";
import {
  flag,
  mustBe,
  mustHold,
  nonEmptyText,
  type OptionChecks,
  readOptions,
  whole,
} from "@pyisolate/policy/options";

import type { Supervisor } from "../supervisor.ts";
import { thrownText } from "../thrown-text.ts";
import { onHangUp } from "./hang-up.ts";
import { PolicyFile } from "./policy-file.ts";
import { watchedSupervisor, type WatchedSupervisor } from "./watched-supervisor.ts";

export interface WatchPolicyOptions {
  /** The supervisor's token. */
  readonly token: string;
  /** Whether SIGHUP loads the file at once, and does not end the process while it is watched. Default true. */
  readonly signal?: boolean;
  /**
   * How long the file's content must stay the same to count as whole, milliseconds. Default 200. A writer that pauses for longer in
   * the middle of a file is taken to be done: such a file belongs under another name, and is renamed when it is whole.
   */
  readonly settleMs?: number;
  /** How often the file is read where the system tells of no change, as on NFS, milliseconds. Default 5000. */
  readonly pollMs?: number;
}

/** Whether what a policy file says is in force. */
export interface PolicyFileHealth {
  /** `current`: the file's policy was put in force. `outdated`: the file is missing or broken, and an older policy decides. */
  readonly state: "current" | "outdated";
  /** Since when, Unix milliseconds. */
  readonly since: number;
  /** Why it is `outdated`, with the place of each mistake; undefined if it is not. */
  readonly why: string | undefined;
}

/** A policy file that is watched. It does not keep the process alive. */
export interface PolicyWatch extends AsyncDisposable {
  /** The file, as an absolute path. */
  readonly path: string;
  readonly health: PolicyFileHealth;
  /**
   * Reads the file now and, if it is valid and not in force, puts it in force, without waiting for it to settle: what SIGHUP does.
   *
   * @returns the health that follows; a broken file is not an error of the caller.
   * @throws Error if the watch is closed.
   */
  reload(): Promise<PolicyFileHealth>;
  /** Ends the watch, which `close` of the supervisor does too. The policy stays in force, and SIGHUP has its former effect. Idempotent. */
  close(): Promise<void>;
}

/**
 * Watches a policy file and, whenever it has changed and is whole and valid, does what `supervisor.reloadPolicy` does; also at the
 * start, unless the file's policy is in force already. A file that is missing or broken for a second changes nothing: the policy in
 * force goes on deciding, and a process warning, `health` and the health of the supervisor's recorder say why.
 *
 * @throws PolicyAuthError for a wrong token; recorded as a denial of `control`.
 * @throws TypeError for an unknown option, or a value of the wrong kind.
 * @example
 * const policy = await loadPolicy("policy.yaml");
 * await using supervisor = new Supervisor({ policy, token });
 * await using watch = watchPolicy("policy.yaml", supervisor, { token });
 */
export function watchPolicy(
  path: string,
  supervisor: Supervisor,
  options: WatchPolicyOptions,
): PolicyWatch {
  mustHold("path", path, nonEmptyText);
  const watched = watchedSupervisor(supervisor);
  // The same words as for an option.
  mustHold(
    "supervisor",
    supervisor,
    mustBe("a Supervisor of this package", () => watched !== undefined),
  );
  const { token = "", ...given } = readOptions("watchPolicy", options, WATCH_POLICY);
  const parts = watched as WatchedSupervisor;
  parts.control.demand(token);
  return new Watch(resolve(path), supervisor, parts, { token, ...given });
}

const WATCH_POLICY: OptionChecks<WatchPolicyOptions> = {
  // Do not show the value: it may be the secret in another form.
  token: (value) =>
    nonEmptyText(value) === undefined ? undefined : "must be the supervisor's token, a string",
  signal: flag,
  settleMs: whole(0, 60_000),
  pollMs: whole(100, 3_600_000),
};

class Watch implements PolicyWatch {
  readonly path: string;
  readonly #shown: string;
  readonly #supervisor: Supervisor;
  readonly #parts: WatchedSupervisor;
  readonly #file: PolicyFile;
  readonly #end = async (): Promise<void> => await this.close();
  readonly #deafen: () => void;
  #health: PolicyFileHealth = { state: "current", since: Date.now(), why: undefined };
  #hasWarned = false;
  #closing: Promise<void> | undefined;

  constructor(
    path: string,
    supervisor: Supervisor,
    parts: WatchedSupervisor,
    { token, signal = true, settleMs = 200, pollMs = 5000 }: WatchPolicyOptions,
  ) {
    this.path = path;
    this.#shown = cleanText(path, 512);
    this.#supervisor = supervisor;
    this.#parts = parts;
    this.#file = new PolicyFile(
      path,
      { settleMs, pollMs },
      {
        load: async (policy) => await this.#load(policy, token),
        tell: (why, asked) => this.#tell(why, asked),
        onUnwatched: (error) => this.#warnOfFolder(error, pollMs),
      },
    );
    this.#deafen = signal ? onHangUp(() => void this.#file.reload()) : () => {};
    parts.watches.add(this.#end);
  }

  get health(): PolicyFileHealth {
    return this.#health;
  }

  async reload(): Promise<PolicyFileHealth> {
    if (this.#closing !== undefined)
      throw new Error(`the policy file ${this.#shown} is not watched any more; call watchPolicy`);
    await this.#file.reload();
    return this.#health;
  }

  async close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#deafen();
      this.#parts.watches.delete(this.#end);
      await this.#file.close();
      // The service has no trouble with a file that is not watched any more.
      this.#parts.sink.policyFile?.(this.path, undefined);
    })();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #load(policy: Policy, token: string): Promise<void> {
    // The same policy again would only make every cell's plan anew.
    if (policy.hash === this.#supervisor.policy.hash) return;
    await this.#supervisor.reloadPolicy(policy, token);
  }

  #tell(why: string | undefined, asked: boolean): void {
    const { state, why: before } = this.#health;
    const next = why === undefined ? "current" : "outdated";
    const since = next === state ? this.#health.since : Date.now();
    this.#health = Object.freeze({ state: next, since, why });
    const { name, hash } = this.#supervisor.policy;
    if (why === undefined) {
      if (state === "outdated")
        warn(`the policy file ${this.#shown} is in force again: ${name} (${hash})`);
    } else if (why !== before || asked) {
      warn(`the policy file ${this.#shown} is not in force, ${name} (${hash}) is: ${why}`);
    }
    if (why !== before)
      this.#parts.sink.policyFile?.(this.path, why === undefined ? undefined : { since, why });
  }

  #warnOfFolder(error: unknown, pollMs: number): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    warn(
      `a folder of the policy file ${this.#shown} cannot be watched, so that changes may be seen ` +
        `${pollMs / 1000} s late: ${thrownText(error)}`,
    );
  }
}

function warn(message: string): void {
  process.emitWarning(message, "PyIsolateWarning");
}
