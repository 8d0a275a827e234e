import type { Answers } from "./answers-and-errors.ts";
import type { PlantedModule } from "./bridge.ts";
import type { Primordials } from "./primordials.ts";
import type { Namespaces } from "./module-namespaces.ts";
import type { ModuleWaits } from "./module-waits.ts";
import type { GuestArguments } from "./guest-arguments.ts";

export type ModulesStub = ReturnType<typeof modulesStub>;

/** `require`, and the function that replaces `import`. Planted by its source text. */
export function modulesStub(
  { apply, create, freeze, indexOf, indirectEval, slice, Error, own, text }: Primordials,
  { raw, valueOf }: Answers,
  { targetText }: GuestArguments,
  { exposeAll, exportAll, namespaceOf, mustExport, placed }: Namespaces,
  { all, handled }: ModuleWaits,
  builtins: Readonly<Record<string, (() => unknown) | undefined>>,
) {
  /** A module of any kind, from the moment it is known. */
  interface Module {
    readonly name: string;
    /** What other modules see of it. */
    namespace: object;
    /** Runs the module and those it needs, at most once. Returns a promise if it has to wait. */
    readonly evaluate: () => Promise<unknown> | undefined;
    /** The value that `require` returns. */
    readonly exports: () => unknown;
  }
  /** What one statement of a program imports, and where it stands in it. */
  type Wanted = readonly [specifier: string, names: readonly string[], place: string];
  const known = create(null) as Record<string, Module>;
  /** Modules that are being linked, by name. */
  let linking: Record<string, unknown> | undefined;

  function require(name: unknown): unknown {
    const module = find(name, false);
    void module.evaluate();
    return module.exports();
  }

  /** `import.meta`. The address tells nothing of the host: modules have no place on a disk. */
  function metaOf(name: string): object {
    const meta = create(null);
    own(meta, "url", `pyisolate:${name}`, true);
    return freeze(meta);
  }

  /** @param isImport Whether it is `import` or `import()` that asks, and not `require`. */
  function find(specifier: unknown, isImport: boolean): Module {
    const answer = raw([0, "import", targetText(specifier), isImport]);
    const kind = typeof answer === "string" ? answer[0] : "";
    if (kind !== "b" && kind !== "c" && kind !== "m") throw valueOf(answer);
    const payload = slice(answer, 1);
    if (kind === "b") return builtin(payload);
    const cut = indexOf(payload, "\n");
    const name = slice(payload, 0, cut);
    const code = slice(payload, cut + 1);
    return known[name] ?? (kind === "c" ? commonJs(name, code) : esModule(name, code));
  }

  // ── built-ins and CommonJS ─────────────────────────────────────────────────────────────────────────────────────────

  function builtin(name: string): Module {
    const make = builtins[name];
    if (make === undefined) throw new Error(`Cannot find module '${name}'`);
    const value = make();
    return { name, namespace: namespaceOf(value), evaluate: () => undefined, exports: () => value };
  }

  function commonJs(name: string, code: string): Module {
    const module = { exports: {} as unknown };
    let state: "found" | "running" | "ran" = "found";
    const self: Module = {
      name,
      namespace: create(null),
      evaluate: () => {
        if (state === "running") self.namespace = namespaceOf(module.exports);
        if (state !== "found") return undefined;
        try {
          state = "running";
          // Register it before it runs: in a cycle, the other module sees the exports that exist so far.
          known[name] = self;
          const body = indirectEval(
            `(function (module, exports, require) {${code}\n})\n//# sourceURL=${name}`,
          ) as (...args: unknown[]) => void;
          apply(body, module.exports, [module, module.exports, require]);
          self.namespace = namespaceOf(module.exports);
          state = "ran";
        } catch (error) {
          // Forget the module wherever it was cut off: the next load makes a new one.
          delete known[name];
          throw error;
        }
        return undefined;
      },
      exports: () => module.exports,
    };
    return self;
  }

  // ── ES modules ─────────────────────────────────────────────────────────────────────────────────────────────────────

  function esModule(name: string, code: string): Module {
    const { isAsync, needs, stars, checks, body } = indirectEval(
      `(${code})\n//# sourceURL=${name}`,
    ) as PlantedModule;
    const namespace = create(null);
    const needed: Module[] = [];
    let state: "linked" | "evaluated" = "linked";
    let waiting: Promise<unknown> | undefined;
    let failure: { readonly error: unknown } | undefined;
    const self: Module = {
      name,
      namespace,
      evaluate: () => {
        if (failure !== undefined) throw failure.error;
        if (state === "evaluated") return waiting;
        state = "evaluated";
        try {
          let needsWait = false;
          const waits: (Promise<unknown> | undefined)[] = [];
          for (let index = 0; index < needs.length; index++) {
            const wait = (needed[index] as Module).evaluate();
            own(waits, text(index), wait, true);
            needsWait ||= wait !== undefined;
          }
          if (isAsync || needsWait) {
            waiting = later(needsWait ? all(waits) : undefined);
            handled(waiting);
          } else run();
        } catch (error) {
          // Forget the module, because the next import may get another answer. Do it without a function call, which could be cut
          // off too.
          failure = { error };
          delete known[name];
          throw error;
        }
        return waiting;
      },
      exports: () => {
        if (waiting !== undefined)
          throw new Error(`The ES module '${name}' awaits at its top level: import() it`);
        return namespace;
      },
    };

    const later = async (needsReady: Promise<unknown> | undefined): Promise<void> => {
      try {
        // If there is nothing to wait for, begin as soon as the generator can.
        if (needsReady !== undefined) await needsReady;
        await run();
      } catch (error) {
        failure = { error };
        delete known[name];
        throw error;
      }
    };
    const run = (): unknown => {
      for (let index = 0; index < stars.length; index++)
        exportAll(namespace, (needed[stars[index] as number] as Module).namespace);
      for (let index = 0; index < checks.length; index++) {
        const check = checks[index] as readonly [number, string];
        const from = needed[check[0]] as Module;
        mustExport(from.name, from.namespace, check[1]);
      }
      return running.next();
    };

    let running: ReturnType<PlantedModule["body"]>;
    const outermost = linking === undefined;
    linking ??= create(null);
    try {
      linking[name] = true;
      known[name] = self;
      running = body(needed, (exported) => exposeAll(namespace, exported), metaOf(name));
      // An async generator, too, runs up to its first `yield` at once.
      void running.next();
      for (let index = 0; index < needs.length; index++)
        own(needed, text(index), find(needs[index], true), true);
    } catch (error) {
      // If linking was cut off anywhere, forget this module and all that were being linked with it.
      for (const other in linking) delete known[other];
      throw error;
    } finally {
      if (outermost) linking = undefined;
    }
    return self;
  }

  return {
    require,
    metaOf,
    importModule: async (name: unknown): Promise<unknown> => {
      const module = find(text(name), true);
      await module.evaluate();
      return module.namespace;
    },
    /**
     * The namespaces of what a program imports. They are in a list,
     * because a namespace may have a `then`, which only a dynamic import may call.
     */
    link: async (wanted: readonly Wanted[]): Promise<readonly object[]> => {
      const modules: Module[] = [];
      const each = (work: (needed: Wanted, index: number) => void): void => {
        for (let index = 0; index < wanted.length; index++) {
          const needed = wanted[index] as Wanted;
          placed(needed[2], () => work(needed, index));
        }
      };
      each((needed, index) => own(modules, text(index), find(needed[0], true), true));
      const waits: (Promise<unknown> | undefined)[] = [];
      each((_, index) => own(waits, text(index), (modules[index] as Module).evaluate(), true));
      await all(waits);
      const namespaces: object[] = [];
      each((needed, index) => {
        const { name, namespace } = modules[index] as Module;
        const names = needed[1];
        for (let at = 0; at < names.length; at++) mustExport(name, namespace, names[at] as string);
        own(namespaces, text(index), namespace, true);
      });
      return namespaces;
    },
  };
}
