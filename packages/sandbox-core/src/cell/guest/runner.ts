import type { Answers } from "./answers-and-errors.ts";
import type { Bridge, ErrorDetails, GuestHandles, Outcome } from "./bridge.ts";
import type { CommonJsProgram } from "./common-js-program.ts";
import type { ModulesStub } from "./modules-stub.ts";
import type { Primordials } from "./primordials.ts";
import type { ProgramExports } from "./program-exports.ts";
import type { Values } from "./cloneable-values.ts";

/** Runs programs and calls, and keeps the outcome of each until the cell takes it. Planted by its source text. */
export function runner(
  bridge: Pick<Bridge, "done">,
  {
    apply,
    create,
    descriptorOf,
    indexOf,
    indirectEval,
    isInstance,
    own,
    realm,
    slice,
    tagged,
    text,
    TypeError,
    whenSettled,
  }: Primordials,
  { denialOf }: Answers,
  { plain, mayNotHoldModule }: Values,
  { expose, exported }: ProgramExports,
  { metaOf, link }: Pick<ModulesStub, "metaOf" | "link">,
  commonJs: CommonJsProgram,
  detailsOf: (error: object) => ErrorDetails,
  { callBegins, callEnds }: { readonly callBegins: () => void; readonly callEnds: () => void },
  limits: { readonly maxText: number },
): Pick<GuestHandles, "run" | "call" | "take" | "takePlain"> {
  const outcomes = create(null) as Record<number, Outcome>;
  /** The outcome that was taken last. It is kept because the cell may have failed to copy it, and then takes it again with `takePlain`. */
  let taken: Outcome = { ok: true, value: undefined, mayBeLost: false };
  let takenId = 0;

  function end(execId: number, outcome: Outcome): void {
    callEnds();
    outcomes[execId] = outcome;
    bridge.done(execId);
  }

  /** Ends a call with a value. A function cannot leave the cell, so it becomes undefined. */
  function succeed(execId: number, value: unknown, mayBeLost: boolean): void {
    end(execId, { ok: true, value: typeof value === "function" ? undefined : value, mayBeLost });
  }

  function fail(execId: number, error: unknown): void {
    if ((typeof error === "object" && error !== null) || typeof error === "function") {
      end(execId, { ok: false, denial: denialOf(error), ...detailsOf(error) });
    } else {
      end(execId, {
        ok: false,
        denial: null,
        name: "Error",
        message: `Uncaught ${slice(text(error), 0, limits.maxText)}`,
        stack: "",
      });
    }
  }

  /** @param mayBeLost Whether a value that cannot travel is undefined, because the program did not say that it is for the host. */
  function finish(
    execId: number,
    work: () => unknown,
    mayBeLost: (value: unknown) => boolean,
  ): void {
    taken = { ok: true, value: undefined, mayBeLost: false };
    callBegins();
    let value: unknown;
    let isThenable = false;
    try {
      value = work();
      if ((typeof value === "object" && value !== null) || typeof value === "function")
        isThenable = typeof (value as { then?: unknown }).then === "function";
    } catch (error) {
      fail(execId, error);
      return;
    }
    if (!isThenable) {
      succeed(execId, value, mayBeLost(value));
      return;
    }
    whenSettled(
      value,
      (settled) => succeed(execId, settled, mayBeLost(settled)),
      (error) => fail(execId, error),
      // Catches what the two handlers above throw, so that the call always ends.
      (error) => fail(execId, error),
    );
  }

  /**
   * Whether the engine refuses the text before any of it runs. A text with a `throw` before it throws that at once, and else the
   * engine's error. The guest's own code cannot make one look like the other: none has run.
   */
  function isRefused(source: string, evaluate: (source: string) => unknown): boolean {
    try {
      evaluate(`throw 0;\n${source}`);
    } catch (error) {
      return error !== 0;
    }
    return true;
  }

  /**
   * The program as the body of a function, if it is only a program as such, because it has a top-level `return`.
   *
   * @param names The function's parameters.
   * @param evaluate Runs a text where the program would run.
   */
  function asBody(
    source: string,
    names: string,
    evaluate: (source: string) => unknown,
  ): ((...args: unknown[]) => unknown) | undefined {
    if (indexOf(source, "return") === -1 || !isRefused(source, evaluate)) return undefined;
    let body: unknown;
    try {
      body = indirectEval(`(function (${names}) {${source}\n})`);
    } catch {
      // It is wrong otherwise too: the engine says what is wrong with the text itself.
    }
    return typeof body === "function" ? (body as () => unknown) : undefined;
  }

  function program(source: string): unknown {
    const body = asBody(source, "", indirectEval);
    return body === undefined ? indirectEval(source) : apply(body, undefined, []);
  }

  return {
    run: (execId, source, form, input) => {
      let exports: unknown;
      finish(
        execId,
        () => {
          if (input !== undefined) {
            // `own` says nothing of a property that the guest has made immovable, and the program would run on another input.
            if (descriptorOf(realm, "input")?.configurable === false)
              throw new TypeError("globalThis.input cannot be defined again");
            own(realm, "input", input[0]);
          }
          if (form === "script") return program(source);
          if (form === "commonjs") {
            const body = asBody(source, "module, exports", commonJs.evaluate);
            const ran = commonJs.run(source, body);
            ({ exports } = ran);
            return ran.value;
          }
          return apply(indirectEval(source) as () => unknown, undefined, [
            expose,
            metaOf("program"),
            link,
          ]);
        },
        // A program may end with a statement about an object of a class, such as an emitter, or about its exports.
        (value) => value !== undefined && (value === exports || isInstance(value)),
      );
    },
    call: (execId, name, args) =>
      finish(
        execId,
        () => {
          let target = realm[name];
          // A global function of that name comes first: it may be meant by programs that know of no export.
          if (typeof target !== "function") target = exported(name);
          if (typeof target !== "function")
            throw new TypeError(`globalThis.${name} is not a function`);
          return apply(target as (...args: unknown[]) => unknown, undefined, args);
        },
        () => false,
      ),
    take: (execId) => {
      takenId = 0;
      taken = outcomes[execId] as Outcome;
      takenId = execId;
      delete outcomes[execId];
      if (taken.ok) mayNotHoldModule();
      return taken;
    },
    takePlain: (execId) => {
      // Compare the id: if `take` was cut off, the outcome taken last belongs to another call.
      const outcome = takenId === execId ? taken : (outcomes[execId] as Outcome);
      if (!outcome.ok) return outcome;
      const { value, mayBeLost } = outcome;
      try {
        return { ok: true, value: plain(value), mayBeLost };
      } catch (error) {
        if (!mayBeLost || (isInstance(value) && tagged(value) !== "[object Object]")) throw error;
        return { ok: true, value: undefined, mayBeLost };
      }
    },
  };
}
