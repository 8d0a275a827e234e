import { bomb } from "./arena/memory-bomb.ts";

await bomb(
  `const kept = []; let text = "ab"; for (;;) { text += text; text.charCodeAt(3); kept.push(text); }`,
);
