import { bomb } from "./arena/memory-bomb.ts";

await bomb(`/(x+x+)+y/.test("x".repeat(5000)); /^(?:a?){30000}a{30000}$/.test("a".repeat(30000));`);
