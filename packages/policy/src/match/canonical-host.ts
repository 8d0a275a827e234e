import { parseIPv4, spellAddress } from "./address.ts";
import { isSpelled, readIPv6, spellIPv6 } from "./ipv6-text.ts";

/** Longest host in octets, dots included, and longest label (RFC 1035, 2.3.4). */
const MAX_HOST = 253;
const MAX_LABEL = 63;

/**
 * The one spelling for all spellings of a host: names in lower case and punycode without the final dot, IPv4 as a dotted quad,
 * IPv6 compressed in brackets. An IPv4 address mapped into IPv6 becomes the IPv4 address. Null for text that is not a host or
 * could be read as something else: ports, zone ids, percent signs, spaces, labels that DNS does not allow.
 *
 * @remarks Every spelling of an IPv4 address that `inet_aton` accepts (decimal, octal, hexadecimal, short) is read as the URL
 *   standard reads it, and so as `fetch` does. Idempotent.
 */
export function canonicalHost(host: string): string | null {
  // Other spellings are longer: each character of an international name may take several bytes.
  if (typeof host !== "string" || host.length > 4 * MAX_HOST) return null;
  if (isPlainName(host) || parseIPv4(host) >= 0) return host;
  const bracketed = host.startsWith("[");
  if (bracketed || host.includes(":")) {
    return canonicalIPv6(bracketed ? host : `[${host}]`);
  }
  if (FOREIGN.test(host)) return null;
  const read = URL.parse(`http://${host}/`)?.hostname ?? "";
  const name = read.endsWith(".") ? read.slice(0, -1) : read;
  return isName(name) ? name : null;
}

/** Characters that would end the host inside a URL, that the URL parser decodes or drops, or that are not printed. */
// oxlint-disable-next-line no-control-regex -- naming control characters is the point
const FOREIGN = /[\u0000-\u0020\u007f-\u009f\u00a0%/?#@:\\[\]]/;

/** Labels that only the URL parser can judge: one in punycode, or a last one that may be a number, which makes the host an address. */
const NOT_PLAIN = /(?:^|\.)(?:xn--|[0-9][^.]*$)/;

function canonicalIPv6(bracketed: string): string | null {
  const end = bracketed.length - 1;
  if (bracketed.charCodeAt(end) !== CLOSING) return null;
  const address = readIPv6(bracketed, 1, end);
  if (address === null) return null;
  if (isMapped(address)) return spellAddress([address[6] ?? 0, address[7] ?? 0]);
  // Most are spelled so already, and nothing is allocated.
  return isSpelled(address, bracketed, 1, end) ? bracketed : `[${spellIPv6(address)}]`;
}

const CLOSING = 93;

/** Whether an address is in `::ffff:0:0/96` (RFC 4291, 2.5.5.2): a kernel connects to the IPv4 address inside. */
function isMapped(address: Uint16Array): boolean {
  if (address[5] !== 0xffff) return false;
  for (let at = 0; at < 5; at += 1) if (address[at] !== 0) return false;
  return true;
}

/** Whether a name is certainly in its canonical spelling: no letter to lower, no label to decode, no number at the end. */
function isPlainName(host: string): boolean {
  return isName(host) && !NOT_PLAIN.test(host);
}

/** Labels of 1 to 63 of `a-z 0-9 - _`, 253 in all. */
function isName(name: string): boolean {
  if (name.length > MAX_HOST) return false;
  let label = 0;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if (code === 46) {
      if (label === 0) return false;
      label = 0;
    } else if (
      (code >= 97 && code <= 122) ||
      (code >= 48 && code <= 57) ||
      code === 45 ||
      code === 95
    ) {
      label += 1;
      if (label > MAX_LABEL) return false;
    } else return false;
  }
  return label > 0;
}
