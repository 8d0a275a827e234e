// Writes schema/policy.schema.json anew: node packages/policy/scripts/write-schema.ts
import { writeFileSync } from "node:fs";

import { policyJsonSchemaText } from "../src/parse/json-schema.ts";

writeFileSync(new URL("../schema/policy.schema.json", import.meta.url), policyJsonSchemaText());
