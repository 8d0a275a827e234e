import { readIPv6 } from "./ipv6-text.ts";

/** An IP address as 16-bit groups: two for IPv4, eight for IPv6. */
export type Address = readonly number[];

/** A block of addresses that share their first `bits` bits. */
export interface AddressBlock {
  readonly address: Address;
  readonly bits: number;
}

/** Parses an address in the one spelling that `canonicalHost` returns: `10.0.0.1`, `[fd00::1]`. Null for a name. */
export function parseAddress(host: string): Address | null {
  if (host.startsWith("[")) return groupsOf(readIPv6(host, 1, host.length - 1));
  const value = parseIPv4(host);
  return value < 0 ? null : [value >>> 16, value & 0xffff];
}

/** Parses a strict dotted quad into an unsigned 32-bit number. Returns -1 for any other text, including other spellings of an address. */
export function parseIPv4(text: string): number {
  if (text.length < 7 || text.length > 15) return -1;
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) {
      if (digits > 0 && octet === 0) return -1;
      octet = octet * 10 + code - 48;
      digits += 1;
      if (octet > 255) return -1;
    } else if (code === 46 && digits > 0 && dots < 3) {
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots += 1;
    } else return -1;
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : -1;
}

/** Whether an address lies in a block. An IPv4 address is never in an IPv6 block. */
export function contains({ address: block, bits }: AddressBlock, address: Address): boolean {
  if (block.length !== address.length) return false;
  for (let group = 0, left = bits; left > 0; group += 1, left -= 16) {
    const differing = (block[group] ?? 0) ^ (address[group] ?? 0);
    if (differing >>> Math.max(0, 16 - left) !== 0) return false;
  }
  return true;
}

/** The block of this length around an address: the bits beyond the length become zero. */
export function blockOf(address: Address, bits: number): AddressBlock {
  return {
    address: address.map((group, index) => {
      const free = Math.min(16, Math.max(0, 16 * (index + 1) - bits));
      return (group >>> free) << free;
    }),
    bits,
  };
}

/** Spells an address so that {@link parseAddress} can read it. IPv6 is not compressed. */
export function spellAddress(address: Address): string {
  if (address.length === 8) return `[${address.map((group) => group.toString(16)).join(":")}]`;
  return address.map((group) => `${group >>> 8}.${group & 255}`).join(".");
}

/** A copy that stays. Written out: copying a typed array would take as long as all the rest. */
function groupsOf(read: Uint16Array | null): Address | null {
  if (read === null) return null;
  const at = (place: number): number => read[place] ?? 0;
  return [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)];
}
