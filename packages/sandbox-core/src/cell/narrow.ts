import type { IncomingFrame } from "../frame-reader.ts";
import { decodeNarrow, encodeFrame, Frame, type Start } from "../frames.ts";
import { forgetProbes } from "./guards/kernel-probe.ts";

/** Where the host has found the addon. */
const [, , , , , addon = ""] = process.argv;

/** Restricts the threads that are named by one more Landlock layer; see `packages/launcher/src/narrow`. Takes a millisecond, and at most two seconds. */
type Narrow = (body: Buffer) => number;

/** ENOENT: the addon is not where the host found it. */
const GONE = 2;

let loaded: Narrow | undefined;

/**
 * Takes from this process what its policy has taken away, and answers the host. If this is cut off, some threads may have the new
 * layer, and the process ends; what the layer refuses stays refused.
 *
 * @returns The settings of the cell from now on.
 */
export function narrowed(
  frame: IncomingFrame,
  start: Start,
  answer: (frame: Buffer) => void,
): Start {
  const { writable, body } = decodeNarrow(frame.body);
  const outcome = narrow()?.(body) ?? GONE;
  forgetProbes();
  const said = Buffer.alloc(4);
  said.writeUInt32LE(outcome);
  answer(encodeFrame(Frame.narrowed, frame.id, said));
  if (outcome !== 0) return start;
  const { memoryMib, ca } = start;
  return { memoryMib, ca, ...(writable === undefined ? {} : { writable }) };
}

/** Loads the addon at its first use: most cells see no reload. */
function narrow(): Narrow | undefined {
  if (loaded !== undefined) return loaded;
  const module = { exports: {} as unknown };
  try {
    process.dlopen(module, addon);
  } catch {
    return undefined;
  }
  return (loaded = module.exports as Narrow);
}
