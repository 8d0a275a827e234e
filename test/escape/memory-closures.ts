import { bomb } from "./arena/bomb.ts";

await bomb(`let head; for (;;) { const before = head; head = () => before; }`);
