import { z } from "zod";

import { HOSTILE_CHARACTERS, MAX_DESCRIPTION_LENGTH, MAX_OWNER_LENGTH } from "../clean-text.ts";

const VISIBLE = `(?! )[^${HOSTILE_CHARACTERS}]`;

const text = (max: number, what: string) =>
  z
    .string()
    .regex(new RegExp(`^${VISIBLE}{1,${max}}(?<! )$`, "u"), {
      error: `must be one line of 1 to ${max} visible characters, without a space at either end`,
    })
    .exactOptional()
    .describe(what);

/** What an author writes of a rule, or of the default. It is copied into records, and decides nothing. */
export const NOTES = {
  description: text(
    MAX_DESCRIPTION_LENGTH,
    "Why the rule is there, for those who read of a denial by it. One line.",
  ),
  owner: text(MAX_OWNER_LENGTH, "Whom to ask about the rule: a team, a person, an address."),
};

/** The one effect of the default. A rule has two, so that no other key of a policy has this as its only value. */
export const ONLY_EFFECT = "deny";

/** The verdict where no rule decides. It is deny, whatever is written; what can be written is why, and whom to ask. */
export const Default = z
  .union([
    z.literal(ONLY_EFFECT),
    z.strictObject({ effect: z.literal(ONLY_EFFECT).exactOptional(), ...NOTES }),
  ])
  .exactOptional()
  .describe("Everything that no rule allows is denied. Here you say why, and whom to ask.");
