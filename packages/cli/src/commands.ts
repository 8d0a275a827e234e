import type { Command } from "./command.ts";
import { check } from "./commands/check.ts";
import { diff } from "./commands/diff.ts";
import { plan } from "./commands/plan.ts";
import { report } from "./commands/report.ts";
import { resend } from "./commands/resend.ts";
import { schema } from "./commands/schema.ts";
import { suggest } from "./commands/suggest.ts";
import { test } from "./commands/test.ts";
import { verify } from "./commands/verify.ts";
import { why } from "./commands/why.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  check,
  why,
  diff,
  suggest,
  test,
  plan,
  schema,
  report,
  verify,
  resend,
];
