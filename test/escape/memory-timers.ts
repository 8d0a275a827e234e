import { bomb } from "./arena/memory-bomb.ts";

// What a timer keeps is the guest heap; the timer itself is the cell's.
await bomb(`for (;;) setTimeout(() => {}, 1e6, new Array(10_000).fill(1.5));`);
