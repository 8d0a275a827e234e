import { bomb } from "./arena/memory-bomb.ts";

// Wasm memories are not on the heap: ten modules of one growing memory each.
const growing = "new WebAssembly.Memory({ initial: 1, maximum: 65536 })";
await bomb(
  `const kept = []; for (;;) { const memory = ${growing}; memory.grow(1600); new Uint8Array(memory.buffer).fill(7); kept.push(memory); }`,
);
