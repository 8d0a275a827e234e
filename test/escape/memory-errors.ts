import { bomb } from "./arena/memory-bomb.ts";

await bomb(
  `const kept = []; for (;;) { const error = new Error("x".repeat(10_000)); error.stack; kept.push(error); }`,
);
