import { bomb } from "./arena/memory-bomb.ts";

await bomb(
  `const kept = []; for (let i = 0; ; i++) { const text = "x".repeat(1e6) + i; text.charCodeAt(5); kept.push(text); }`,
);
