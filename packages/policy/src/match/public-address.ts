import { type Address, type AddressBlock, blockOf, contains, parseAddress } from "./address.ts";
import { canonicalHost } from "./canonical-host.ts";

/**
 * Whether an address, in any spelling, is on the public internet, so that a guest may reach it through a name. False for
 * loopback, private, shared, link-local, multicast, documentation, benchmarking, reserved and unspecified addresses, for IPv6
 * that embeds such an IPv4 address, and for text that is not an address.
 *
 * @remarks Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates), IPv6 Global Unicast
 *   allocations. A block that contains a few reachable anycast addresses (192.0.0.0/24, 2001::/23) counts as not public as a
 *   whole.
 */
export function isPublicAddress(address: string): boolean {
  const host = canonicalHost(address);
  const parsed = host === null ? null : parseAddress(host);
  return parsed !== null && (parsed.length === 2 ? isPublicIPv4(parsed) : isPublicIPv6(parsed));
}

function isPublicIPv4(address: Address): boolean {
  return !SPECIAL_IPV4.some((special) => contains(special, address));
}

function isPublicIPv6(address: Address): boolean {
  if (contains(NAT64, address)) return isPublicIPv4(address.slice(6));
  if (contains(SIX_TO_FOUR, address)) return isPublicIPv4(address.slice(1, 3));
  return (
    contains(GLOBAL_UNICAST, address) && !SPECIAL_IPV6.some((special) => contains(special, address))
  );
}

const SPECIAL_IPV4 = [
  "0.0.0.0/8", // this network, RFC 791
  "10.0.0.0/8", // private use, RFC 1918
  "100.64.0.0/10", // shared address space of carriers, RFC 6598
  "127.0.0.0/8", // loopback, RFC 1122
  "169.254.0.0/16", // link-local, RFC 3927: the metadata services of clouds
  "172.16.0.0/12", // private use, RFC 1918
  "192.0.0.0/24", // IETF protocol assignments, RFC 6890
  "192.0.2.0/24", // documentation, RFC 5737
  "192.88.99.0/24", // 6to4 relays, deprecated, RFC 7526
  "192.168.0.0/16", // private use, RFC 1918
  "198.18.0.0/15", // benchmarking, RFC 2544
  "198.51.100.0/24", // documentation, RFC 5737
  "203.0.113.0/24", // documentation, RFC 5737
  "224.0.0.0/4", // multicast, RFC 5771
  "240.0.0.0/4", // reserved, RFC 1112, and the limited broadcast, RFC 8190
].map(block);

/** The only IPv6 space allocated as global unicast. All other space is special, reserved or unused. */
const GLOBAL_UNICAST = block("[2000::]/3");
/** Translation to IPv4, RFC 6052: public if the embedded IPv4 address is. */
const NAT64 = block("[64:ff9b::]/96");
/** 6to4, RFC 3056: a tunnel to the embedded IPv4 address. */
const SIX_TO_FOUR = block("[2002::]/16");

/** Special blocks inside the global unicast space. */
const SPECIAL_IPV6 = [
  "[2001::]/23", // IETF protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID
  "[2001:db8::]/32", // documentation, RFC 3849
  "[3fff::]/20", // documentation, RFC 9637
].map(block);

function block(text: string): AddressBlock {
  const [host = "", bits] = text.split("/");
  return blockOf(parseAddress(host) ?? [], Number(bits));
}
