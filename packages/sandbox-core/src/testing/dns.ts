import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv4 } from "node:net";

/** What the server says to a name: addresses, an RCODE, or nothing at all. */
export type DnsAnswer = readonly string[] | "NXDOMAIN" | "SERVFAIL" | "REFUSED" | "silence";

export const TYPE_A = 1;
const TYPE_AAAA = 28;
const RCODES = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };

/** A DNS server on 127.0.0.1, at a free port, over UDP. */
export interface DnsServer extends AsyncDisposable {
  /** As `dns.setServers` takes it. */
  readonly address: string;
  /** The names that were asked for, in order; each by both families, so mostly twice. */
  readonly asked: readonly string[];
}

/** @param answer May take its time. */
export async function serveNames(
  answer: (name: string, type: number) => DnsAnswer | Promise<DnsAnswer>,
): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query, { port, address }) => {
    const { name, type, end } = question(query);
    asked.push(name);
    void (async () => {
      const said = await answer(name, type);
      if (said === "silence") return;
      const reply = replyTo(query.subarray(0, end), said, type);
      // Closed meanwhile: the test is over.
      socket.send(reply, port, address, () => undefined);
    })();
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}

/** The first question of a query, as RFC 1035, 4.1.2 has it. */
function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function replyTo(query: Buffer, said: Exclude<DnsAnswer, "silence">, type: number): Buffer {
  const addresses = typeof said === "string" ? [] : said.filter((one) => typeOf(one) === type);
  const head = Buffer.from(query);
  // A response, to a recursive query, recursion available.
  head.writeUInt16BE(0x8180 | (typeof said === "string" ? RCODES[said] : 0), 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...addresses.map((address) => record(address, type))]);
}

/** The record for the name that was asked for, which a pointer names. */
function record(address: string, type: number): Buffer {
  const data = isIPv4(address) ? Buffer.from(address.split(".").map(Number)) : sixteen(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function typeOf(address: string): number {
  return isIPv4(address) ? TYPE_A : TYPE_AAAA;
}

/** The bytes of an IPv6 address without an IPv4 one in it. */
function sixteen(address: string): Buffer {
  const [before = "", after = ""] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const [head, tail] = [groups(before), groups(after)];
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  return Buffer.from(
    [...head, ...zeros, ...tail].map((group) => group.padStart(4, "0")).join(""),
    "hex",
  );
}
