// Plays all taken cells of one host in one process: the host connects twice for each, and says first which and what for.
import { createServer, type Socket } from "node:net";

import { Player } from "./player.ts";

/** What the host says first: the cell's number, and the channel. */
const HELLO_BYTES = 5;

const half = new Map<number, { readonly socket: Socket; readonly name: "sync" | "async" }>();

function arrived(socket: Socket): void {
  socket.on("error", () => socket.destroy());
  socket.once("readable", () => {
    const hello = socket.read(HELLO_BYTES) as Buffer | null;
    if (hello === null) {
      socket.destroy();
      return;
    }
    const cell = hello.readUInt32LE(0);
    const name = hello.readUInt8(4) === 0 ? "sync" : "async";
    const other = half.get(cell);
    if (other === undefined) {
      half.set(cell, { socket, name });
      socket.once("close", () => half.delete(cell));
      return;
    }
    half.delete(cell);
    const channels =
      name === "sync"
        ? { sync: socket, async: other.socket }
        : { sync: other.socket, async: socket };
    // A process that ends closes both.
    const exit = (): void => {
      socket.destroy();
      other.socket.destroy();
    };
    void new Player(channels, exit);
  });
}

const [, , path = ""] = process.argv;
createServer(arrived).listen(path, 512, () => void process.stdout.write("listening\n"));
process.stdin.on("end", () => process.exit(0)).resume();
