import { CONFINED } from "../frames.ts";

/** Whether the host has started this process confined: by what it says on the command line. */
export const IS_CONFINED = process.argv[3] === CONFINED;
