import { z } from "zod";

import { PolicyDocument } from "./schema.ts";

/** The text of `schema/policy.schema.json`. */
export function policyJsonSchemaText(): string {
  return `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
}

/**
 * The JSON Schema of a policy (draft 2020-12), for editors. It is as strict as the zod schema wherever JSON Schema can express a
 * check. It cannot express that a host is valid, or that rule ids are unique.
 */
function policyJsonSchema(): object {
  return z.toJSONSchema(PolicyDocument, { io: "input" });
}
