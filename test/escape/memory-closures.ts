import { bomb } from "./arena/memory-bomb.ts";

await bomb(`let head; for (;;) { const before = head; head = () => before; }`);
