import { everyName } from "./arena/every-name.ts";

// The kernel layer changes nothing of what a guest can name, only what its refusals look like.
await everyName("off", ["at the end", "polluted"]);
