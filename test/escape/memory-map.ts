import { bomb } from "./arena/memory-bomb.ts";

// V8 aborts its process: it cannot grow the table.
await bomb(`const m = new Map(); for (let i = 0; ; i++) m.set(i, { i });`);
