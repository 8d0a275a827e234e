import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { type Call, EACCES, Probe, REFUSED } from "./testing/confined.ts";

// Native code in a confined process and the network: two servers on loopback, one of a granted port and one of another, say who came.

const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK, AF_XDP] = [
  1, 2, 10, 16, 17, 38, 40, 44,
];
const [STREAM, DGRAM, RAW, SEQPACKET] = [1, 2, 3, 5];
const [TCP, UDP, SCTP, MPTCP] = [6, 17, 132, 262];
const IN_PROGRESS = 115;

let probe: Probe;
let granted: Server;
let other: Server;
let arrived: string[];

beforeAll(async () => {
  probe = await Probe.make();
  granted = await listening("granted");
  other = await listening("other");
});
afterAll(async () => {
  granted.close();
  other.close();
  await probe[Symbol.asyncDispose]();
});
beforeEach(() => {
  arrived = [];
});

async function listening(name: string): Promise<Server> {
  const server = createServer((socket) => {
    arrived.push(name);
    socket.on("error", () => undefined).destroy();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A `sockaddr_in` of 127.0.0.1, or a `sockaddr_in6` of ::ffff:127.0.0.1. */
function address(server: Server, family = AF_INET): [string, number] {
  const port = portOf(server).toString(16).padStart(4, "0");
  const head = `${family.toString(16).padStart(2, "0")}00${port}`;
  return family === AF_INET
    ? [`h:${head}7f000001${"00".repeat(8)}`, 16]
    : [`h:${head}00000000${"00".repeat(10)}ffff7f00000100000000`, 28];
}

async function run(...calls: Call[]): Promise<readonly (number | "child")[]> {
  const { results, stderr } = await probe.run([`connect=${portOf(granted)}`], calls);
  expect(stderr).toBe("");
  // A connection that was made is accepted a moment later.
  await sleep(20);
  return results;
}

test("a granted port is connected to, over both families", async () => {
  expect(
    await run(
      ["socket", AF_INET, STREAM, 0],
      ["connect", "$0", ...address(granted)],
      ["socket", AF_INET6, STREAM, TCP],
      ["connect", "$2", ...address(granted, AF_INET6)],
    ),
  ).toEqual([3, 0, 4, 0]);
  expect(arrived).toEqual(["granted", "granted"]);
});

test("another port is not, over neither family and by neither way of connecting", async () => {
  const [flags, fastOpen] = [0o4000, 0x20000000];
  expect(
    await run(
      ["socket", AF_INET, STREAM, 0],
      ["connect", "$0", ...address(other)],
      ["socket", AF_INET6, STREAM, 0],
      ["connect", "$2", ...address(other, AF_INET6)],
      ["socket", AF_INET, STREAM | flags, 0],
      ["connect", "$4", ...address(other)],
      ["socket", AF_INET, STREAM, 0],
      ["sendto", "$6", "s:hello", 5, fastOpen, ...address(other)],
      ["setsockopt", "$6", TCP, 30, "h:01000000", 4],
      ["connect", "$6", ...address(other)],
    ),
  ).toEqual([3, EACCES, 4, EACCES, 5, EACCES, 6, REFUSED, REFUSED, EACCES]);
  expect(arrived).toEqual([]);
});

test("Fast Open by message header is refused as by flag", async () => {
  const [socket, sent] = await run(
    ["socket", AF_INET, STREAM, 0],
    ["sendmsg", "$0", "b:56", 0x20000000],
  );
  expect([socket, sent]).toEqual([3, REFUSED]);
});

test.each([
  ["UDP", AF_INET, DGRAM, 0],
  ["UDP over IPv6", AF_INET6, DGRAM, UDP],
  ["MPTCP, which is a protocol and no family", AF_INET, STREAM, MPTCP],
  ["SCTP", AF_INET, STREAM, SCTP],
  ["SCTP in packets", AF_INET, SEQPACKET, SCTP],
  ["raw ICMP", AF_INET, RAW, 1],
  ["ping sockets", AF_INET, DGRAM, 1],
  ["Unix streams", AF_UNIX, STREAM, 0],
  ["Unix datagrams", AF_UNIX, DGRAM, 0],
  ["netlink", AF_NETLINK, RAW, 0],
  ["packets", AF_PACKET, RAW, 0],
  ["the kernel's cryptography", AF_ALG, SEQPACKET, 0],
  ["virtual machines", AF_VSOCK, STREAM, 0],
  ["XDP", AF_XDP, RAW, 0],
])("no socket is made for %s", async (_name, family, type, protocol) => {
  expect(await run(["socket", family, type, protocol])).toEqual([REFUSED]);
});

test("every other family is refused too", async () => {
  const families = Array.from({ length: 64 }, (_, family) => family).filter(
    (family) => family !== AF_INET && family !== AF_INET6,
  );
  const results = await run(...families.map((family): Call => ["socket", family, STREAM, 0]));
  expect(new Set(results)).toEqual(new Set([REFUSED]));
});

test("nothing listens, and no other socket option is set than the harmless ones", async () => {
  const [SOL_SOCKET, REUSEADDR, BINDTODEVICE, ATTACH_FILTER, NODELAY, ULP, FASTOPEN] = [
    1, 2, 25, 26, 1, 31, 23,
  ];
  expect(
    await run(
      ["socket", AF_INET, STREAM, 0],
      ["bind", "$0", "h:02000000000000000000000000000000", 16],
      ["listen", "$0", 1],
      ["accept4", "$0", 0, 0, 0],
      ["setsockopt", "$0", SOL_SOCKET, BINDTODEVICE, "s:lo", 2],
      ["setsockopt", "$0", SOL_SOCKET, ATTACH_FILTER, "b:16", 16],
      ["setsockopt", "$0", TCP, ULP, "s:tls", 3],
      ["setsockopt", "$0", TCP, FASTOPEN, "h:05000000", 4],
      ["setsockopt", "$0", 263, 1, "h:01000000", 4],
      ["setsockopt", "$0", SOL_SOCKET, REUSEADDR, "h:01000000", 4],
      ["setsockopt", "$0", TCP, NODELAY, "h:01000000", 4],
    ),
  ).toEqual([3, ...Array.from({ length: 8 }, () => REFUSED), 0, 0]);
});

test("no datagram arrives anywhere, not by a pair of sockets either", async () => {
  const receiver = createSocket("udp4");
  const received: string[] = [];
  receiver.on("message", (message) => received.push(String(message)));
  await once(receiver.bind(0, "127.0.0.1"), "listening");
  const results = await run(
    ["socketpair", AF_UNIX, DGRAM, 0, "b:8"],
    ["socketpair", AF_UNIX, STREAM, 0, "b:8"],
    ["socket", AF_INET, DGRAM, 0],
  );
  receiver.close();
  expect(results).toEqual([REFUSED, REFUSED, REFUSED]);
  expect(received).toEqual([]);
});

test("a Unix socket in a folder of the plan is not reached", async () => {
  const name = path.join(probe.folder, "socket");
  const server = createServer(() => arrived.push("unix"));
  await once(server.listen(name), "listening");
  const { results } = await probe.run(
    [`path=c:${probe.folder}`, `connect=${portOf(granted)}`],
    [
      ["socket", AF_UNIX, STREAM, 0],
      ["connect", "$0", `s:\u0001${name}`, name.length + 2],
    ],
  );
  server.close();
  expect(results[0]).toBe(REFUSED);
  expect(arrived).toEqual([]);
});

test("without a granted port there is no socket at all", async () => {
  const { results } = await probe.run(
    [],
    [
      ["socket", AF_INET, STREAM, 0],
      ["socket", AF_INET6, STREAM, 0],
    ],
  );
  expect(results).toEqual([REFUSED, REFUSED]);
});

test("with all ports granted, TCP goes anywhere and nothing else does", async () => {
  const { results, stderr } = await probe.run(
    ["connect=*"],
    [
      ["socket", AF_INET, STREAM | 0o4000, 0],
      ["connect", "$0", ...address(other)],
      ["socket", AF_INET, STREAM, MPTCP],
      ["socket", AF_INET, DGRAM, 0],
      ["listen", "$0", 1],
    ],
  );
  await sleep(20);
  expect(stderr).toBe("");
  expect([0, -IN_PROGRESS]).toContain(results[1]);
  expect(results.slice(2)).toEqual([REFUSED, REFUSED, REFUSED]);
  expect(arrived).toEqual(["other"]);
});
