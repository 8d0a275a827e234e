import type { Capability, Verdict } from "@pyisolate/policy";

import { Confinement } from "../kernel/confinement.ts";
import { CELL_FILES, isolateAddon, narrowAddon, stackAddon } from "./process/cell-files.ts";
import { CellStartError } from "./cell-errors.ts";
import type { SupervisorSettings } from "./supervisor-options.ts";

/** Descriptors that a cell keeps: the standard three and its two channels. */
const DESCRIPTORS = 5;

/** The second layer of a supervisor: whether and how the kernel confines its cells. */
export class KernelLayer {
  /** Undefined if cells are not confined. */
  readonly confinement: Confinement | undefined;
  readonly #isOff: boolean;

  /** @throws CellStartError if cells must be confined, or must run as another user, and this host cannot do it. */
  constructor({ kernel, user }: Pick<SupervisorSettings, "kernel" | "user">) {
    this.#isOff = kernel === "off";
    this.confinement =
      kernel === "off"
        ? undefined
        : Confinement.prepare(kernel, {
            code: CELL_FILES,
            addons: [isolateAddon(), stackAddon(), narrowAddon()].filter((file) => file !== ""),
            canNarrow: narrowAddon() !== "",
            descriptors: DESCRIPTORS,
            ...(user === undefined ? {} : { user }),
          });
    if (user !== undefined && this.confinement === undefined)
      throw new CellStartError(
        'user cannot be met: only a confined cell can run as another user, and cells are not confined here; leave `user` out, or mend what kernel: "require" names',
      );
  }

  /** The layer's verdict on an operation that was not put to it. */
  verdict(capability: Capability): Verdict {
    // The kernel gives random numbers to every process, and sees nothing of a function of the host.
    if (this.#isOff || capability === "random" || capability === "tool") return "not_evaluated";
    return this.confinement?.isThereFor(capability) === true ? "not_evaluated" : "unavailable";
  }
}
