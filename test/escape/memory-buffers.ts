import { bomb } from "./arena/memory-bomb.ts";

// Held outside the heap.
await bomb(`const kept = []; for (;;) kept.push(new Uint8Array(1e7).fill(7));`);
