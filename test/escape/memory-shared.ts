import { bomb } from "./arena/memory-bomb.ts";

await bomb(
  `const kept = []; for (;;) { const shared = new SharedArrayBuffer(1e7); new Uint8Array(shared).fill(7); kept.push(shared); }`,
);
