import { bomb } from "./arena/memory-bomb.ts";

// A million levels: V8 crashes when the isolate goes, after the result was given.
await bomb(`JSON.parse("[".repeat(1e6) + "]".repeat(1e6)); 1;`);
