import { everyName } from "./arena/every-name.ts";

await everyName("prefer", ["at the end", "plain", "polluted"]);
