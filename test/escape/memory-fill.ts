import { bomb } from "./arena/memory-bomb.ts";

// One allocation, 1.3 GiB resident, before the isolate knows of it.
await bomb(`new Array(1e8).fill(1.5).length;`);
