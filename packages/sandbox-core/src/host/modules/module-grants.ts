import { encodeModule, MAX_BODY_BYTES, type WireVerdict } from "../../frames.ts";
import { preparedModule, type PreparedModule } from "./prepared-modules.ts";

/** The modules that one cell is granted. */
export class ModuleGrants {
  readonly #modules: ReadonlyMap<string, string>;
  /** What was prepared for this cell, and not sent yet. */
  readonly #prepared = new Map<string, PreparedModule>();
  /** Names of the modules that have been sent to this cell. */
  readonly #sent = new Set<string>();

  constructor(modules: ReadonlyMap<string, string>) {
    this.#modules = modules;
  }

  /**
   * What a granted import is answered; bytes are the body of a frame that grants a module. A module is sent to a cell once: otherwise
   * a guest that imports it in a loop would make the host write it each time.
   *
   * @returns a promise if the module must be prepared first. It does not reject, and `grant` is to be called again after it.
   */
  grant(name: string): WireVerdict | Uint8Array | Promise<void> {
    if (this.#sent.has(name)) return { ok: true };
    const source = this.#modules.get(name);
    if (source === undefined) return { ok: true, module: null };
    const module = name.endsWith(".json")
      ? encodeModule({ kind: "j", code: source })
      : (this.#prepared.get(name) ?? preparedModule(source));
    if (module instanceof Promise)
      return module.then((prepared) => void this.#prepared.set(name, prepared));
    // What cannot be loaded stays known: the guest may try again and again.
    if (typeof module === "string") return unloadable(name, module);
    if (module.length > MAX_BODY_BYTES)
      return unloadable(name, `takes more than ${MAX_BODY_BYTES} bytes`);
    this.#prepared.delete(name);
    this.#sent.add(name);
    return module;
  }
}

const unloadable = (name: string, why: string): WireVerdict => ({
  ok: true,
  unloadable: `The module '${name}' ${why}`,
});
