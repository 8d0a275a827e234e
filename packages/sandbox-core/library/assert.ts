import assert from "assert/build/assert.js";

export { assert as default, assert as "module.exports" };
