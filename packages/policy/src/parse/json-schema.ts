import { z } from "zod";

import { PolicyDocument } from "./schema.ts";

/** The text of `schema/policy.schema.json`. */
export function policyJsonSchemaText(): string {
  return `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
}

/**
 * The JSON Schema of a policy (draft 2020-12), for editors: as strict as the zod schema in everything that JSON Schema
 * can say. It cannot say that a host is one, or that no two rules have one id.
 */
function policyJsonSchema(): object {
  return z.toJSONSchema(PolicyDocument, { io: "input" });
}
