import { bomb } from "./arena/memory-bomb.ts";

// Outside the heap that the limit counts, and without a point at which V8 could stop.
await bomb(`let n = 3n; for (;;) n *= n;`);
