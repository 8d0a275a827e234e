import { CONFINED } from "../frames.ts";

/** Whether the host started this process confined, as the command line says. */
export const IS_CONFINED = process.argv[4] === CONFINED;
