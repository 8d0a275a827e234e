import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";

interface FolderWatch {
  readonly watcher: FSWatcher;
  /** Tells a folder that was made anew from the one that is watched. */
  readonly identity: string;
  names: ReadonlySet<string>;
}

/** Watches folders for changes of some of the names in them. Does not keep the process alive. */
export class FolderWatches {
  readonly #onChange: () => void;
  readonly #onTrouble: (error: unknown) => void;
  readonly #watches = new Map<string, FolderWatch>();
  #isClosed = false;

  /** @param onTrouble Called if a folder cannot be watched: it has to be looked at instead. */
  constructor(onChange: () => void, onTrouble: (error: unknown) => void) {
    this.#onChange = onChange;
    this.#onTrouble = onTrouble;
  }

  /** Watches these folders, and no others any more. @returns whether one of them was not watched before. */
  async follow(trail: ReadonlyMap<string, ReadonlySet<string>>): Promise<boolean> {
    let isNew = false;
    for (const folder of this.#watches.keys()) if (!trail.has(folder)) this.#drop(folder);
    for (const [folder, names] of trail) {
      const identity = await identityOf(folder);
      if (this.#isClosed) return false;
      const known = this.#watches.get(folder);
      if (known !== undefined && known.identity === identity) {
        known.names = names;
        continue;
      }
      this.#drop(folder);
      if (identity === undefined) continue;
      isNew = true;
      this.#add(folder, identity, names);
    }
    return isNew;
  }

  close(): void {
    this.#isClosed = true;
    for (const folder of this.#watches.keys()) this.#drop(folder);
  }

  #add(folder: string, identity: string, names: ReadonlySet<string>): void {
    try {
      const watcher = watch(folder, { persistent: false });
      const added: FolderWatch = { watcher, identity, names };
      this.#watches.set(folder, added);
      watcher.on("change", (kind, name) => {
        const isItself = name === basename(folder);
        // The folder itself was moved or removed. One made anew in its place may have the same number, and is not watched.
        if (isItself && kind === "rename") this.#drop(folder);
        if (isItself || typeof name !== "string" || added.names.has(name)) this.#onChange();
      });
      watcher.on("error", (error) => {
        this.#drop(folder);
        this.#onTrouble(error);
      });
    } catch (error) {
      this.#onTrouble(error);
    }
  }

  #drop(folder: string): void {
    this.#watches.get(folder)?.watcher.close();
    this.#watches.delete(folder);
  }
}

async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
