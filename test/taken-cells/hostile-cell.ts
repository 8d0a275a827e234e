// Stands in a cell process's place: descriptors 3 and 4 are its channels.
import { Socket } from "node:net";

import { Player } from "./player.ts";

const channel = (fd: number): Socket => new Socket({ fd, readable: true, writable: true });

void new Player({ sync: channel(3), async: channel(4) }, () => process.exit(0));
