import type { Command } from "./command.ts";
import { report } from "./commands/report.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [report];
