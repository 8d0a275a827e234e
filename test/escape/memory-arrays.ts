import { bomb } from "./arena/memory-bomb.ts";

// Near the limit V8 collects without end, and its own timeout does not get through.
await bomb(`const kept = []; for (;;) kept.push(new Array(1000).fill(1));`);
