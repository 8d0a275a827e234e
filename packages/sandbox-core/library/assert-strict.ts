import assert from "./assert.ts";

const { strict } = assert as unknown as { strict: unknown };

export { strict as default, strict as "module.exports" };
