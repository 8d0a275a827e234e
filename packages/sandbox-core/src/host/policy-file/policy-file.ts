import type { Policy } from "@pyisolate/policy";

import { thrownText } from "../thrown-text.ts";
import { fileContent } from "./file-content.ts";
import { FolderWatches } from "./folder-watches.ts";
import { trailOf } from "./link-trail.ts";

/** How soon a change is looked at, milliseconds: writers make several changes at once. */
const SOON = 20;

/**
 * How long a file may be missing or broken before that is said, milliseconds: one that is written in place is empty at first, and
 * one that is replaced by hand is gone for a moment.
 */
const PATIENCE = 1000;

/** How long a file may change without ever settling before that is said, milliseconds. */
const UNREST = 10_000;

/** Most times that links are followed anew because they changed meanwhile. The next look follows them again. */
const MAX_TRAILS = 3;

export interface Timing {
  /** How long the content must stay the same to count as whole, milliseconds. */
  readonly settleMs: number;
  /** How often the file is read where nothing tells of a change, milliseconds. */
  readonly pollMs: number;
}

export interface PolicyFileHooks {
  /** Puts a policy in force. @throws if it cannot be. */
  load(policy: Policy): Promise<void>;
  /** The file's policy is in force, or why it is not. @param asked Whether an answer is waited for, even if it is the same as before. */
  tell(why: string | undefined, asked: boolean): void;
  /** A folder cannot be watched. */
  onUnwatched(error: unknown): void;
}

/** What was read last. */
interface Seen {
  readonly key: string;
  /** When this content was read first: a monotonic clock, milliseconds. */
  readonly since: number;
  /** The policy, or why the file is not one; undefined until that is asked for. */
  verdict?: Policy | string;
}

/**
 * A policy file that is put in force whenever it has changed and is whole. The kernel tells that something has changed, but not when
 * a writer is done; so only the content counts, and it counts once it has been read twice, `settleMs` apart, without a difference.
 */
export class PolicyFile {
  readonly #path: string;
  readonly #timing: Timing;
  readonly #hooks: PolicyFileHooks;
  readonly #folders: FolderWatches;
  #seen: Seen | undefined;
  /** The content that was put in force or refused last: it is not judged again. */
  #settled: string | undefined;
  #unsettledSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** @param path Absolute. */
  constructor(path: string, timing: Timing, hooks: PolicyFileHooks) {
    this.#path = path;
    this.#timing = timing;
    this.#hooks = hooks;
    this.#folders = new FolderWatches(
      () => this.#lookIn(Math.min(SOON, timing.settleMs)),
      (error) => hooks.onUnwatched(error),
    );
    this.#lookIn(0);
  }

  /** Judges the file as it is now, without waiting for it to settle. */
  async reload(): Promise<void> {
    await this.#enqueue(true);
  }

  /** Resolves when nothing is loaded any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#folders.close();
    await this.#last;
  }

  #lookIn(ms: number): void {
    const due = performance.now() + ms;
    if (this.#isClosed || due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      void this.#enqueue(false);
    }, ms).unref();
  }

  /** One look after the other: two at once could put the older of two contents in force. */
  async #enqueue(asked: boolean): Promise<void> {
    const look = async (): Promise<void> => {
      try {
        if (!this.#isClosed) await this.#look(asked);
      } finally {
        this.#lookIn(this.#timing.pollMs);
      }
    };
    this.#last = this.#last.then(look, look);
    await this.#last;
  }

  async #look(asked: boolean): Promise<void> {
    await this.#follow();
    const content = await fileContent(this.#path);
    if (this.#isClosed) return;
    const now = performance.now();
    if (content.key !== this.#seen?.key) this.#seen = { key: content.key, since: now };
    const seen = this.#seen;
    if (content.key === this.#settled && !asked) {
      this.#unsettledSince = undefined;
      return;
    }
    this.#unsettledSince ??= now;
    const age = now - seen.since;
    if (!asked && age < this.#timing.settleMs) {
      this.#lookIn(this.#timing.settleMs - age);
      if (now - this.#unsettledSince > UNREST)
        this.#hooks.tell(`it changes again and again, ${UNREST / 1000} s long`, false);
      return;
    }
    seen.verdict ??= content.policy();
    if (typeof seen.verdict === "string" && !asked && age < PATIENCE) {
      this.#lookIn(PATIENCE - age);
      return;
    }
    this.#unsettledSince = undefined;
    this.#settled = seen.key;
    this.#hooks.tell(await this.#use(seen.verdict), asked);
  }

  /** @returns why the policy is not in force. */
  async #use(verdict: Policy | string): Promise<string | undefined> {
    if (typeof verdict === "string") return verdict;
    try {
      await this.#hooks.load(verdict);
      return undefined;
    } catch (error) {
      // Not for what is in the file, but for a cell that lives now: the same file may do later.
      this.#settled = undefined;
      return `it cannot be put in force: ${thrownText(error)}`;
    }
  }

  /** Watches where the path leads to now. Until no folder is new: what changed in one before it was watched went unseen. */
  async #follow(): Promise<void> {
    for (let times = 0; times < MAX_TRAILS; times++) {
      const isNew = await this.#folders.follow(await trailOf(this.#path));
      if (!isNew) return;
    }
  }
}
