import { z } from "zod";

import { GUARDED_CAPABILITIES } from "../vocabulary.ts";
import { AnyDocument } from "./document.ts";

/** The text of `schema/policy.schema.json`. */
export function policyJsonSchemaText(): string {
  return `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
}

/**
 * The JSON Schema of a policy (draft 2020-12), for editors. It is as strict as the zod schema wherever JSON Schema can express a
 * check. It cannot express that a host is valid, that rule ids are unique, or which capabilities a document declares.
 */
function policyJsonSchema(): object {
  return {
    ...z.toJSONSchema(AnyDocument, { io: "input" }),
    // Where none are declared, an editor marks a misspelt capability all the same.
    if: { required: ["capabilities"] },
    else: {
      properties: {
        rules: { items: { properties: { capability: { enum: GUARDED_CAPABILITIES } } } },
      },
    },
  };
}
