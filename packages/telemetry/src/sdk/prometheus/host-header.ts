import { BlockList, isIP } from "node:net";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Whether a request with this Host header is meant for a server that listens on `address`. A web page of another site can have a
 * browser on this machine ask a server on the loopback, under a name of its own that it resolves to 127.0.0.1 (DNS rebinding): such
 * a name must be refused. A server on another address may have any name.
 *
 * @param header undefined for HTTP/1.0, which has none.
 */
export function isHostOf(address: string, header: string | undefined): boolean {
  if (header === undefined || !isLoopback(address)) return true;
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(header)?.[1]?.toLowerCase();
  if (name === undefined) return false;
  const bare = name.replace(/^\[|\]$/g, "");
  return isIP(bare) !== 0 || isLocalName(bare) || bare === address.toLowerCase();
}

function isLoopback(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return isLocalName(address.toLowerCase());
  return LOOPBACK.check(address, family === 6 ? "ipv6" : "ipv4");
}

function isLocalName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}
