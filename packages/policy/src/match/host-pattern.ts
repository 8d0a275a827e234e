import { type AddressBlock, blockOf, parseAddress, spellAddress } from "./address.ts";
import { canonicalHost } from "./canonical-host.ts";
import { portNumber } from "./canonical-target.ts";
import { quoted } from "../clean-text.ts";

/** The shape of a host pattern. Whether the host in it is valid, {@link readHost} tells. */
export const HOST_PATTERN = /^[^\s:]\S{0,300}:(?:\*|[0-9]{1,5})$/;

/** A parsed host pattern. `host` is `*`, `*.` and a name, or a canonical host. */
export interface HostPattern {
  readonly host: string;
  /** Set for a block of addresses; `host` is then not compared. */
  readonly block?: AddressBlock;
  /** `*`, or a number without leading zeros. */
  readonly port: string;
}

/** Parses `host:port`. For a mistake, returns what is wrong and what to write instead. */
export function readHost(pattern: string): HostPattern | string {
  const at = /:(?:\*|[0-9]+)$/.exec(pattern)?.index;
  if (at === undefined || /^[^[]*:.*:/.test(pattern)) return portMistake(pattern);
  const text = pattern.slice(0, at);
  const port = pattern.slice(at + 1);
  if (port !== "*" && portNumber(port) < 0) return `has port ${port}; a port is 1 to 65535, or *`;
  const ends = { port: port === "*" ? port : String(portNumber(port)) };
  if (text === "*") return { host: "*", ...ends };
  if (text.includes("/")) {
    const block = readBlock(text, port);
    return typeof block === "string" ? block : { host: text, block, ...ends };
  }
  const wildcard = text.startsWith("*.");
  const host = canonicalHost(wildcard ? text.slice(2) : text);
  if (host === null || (wildcard && parseAddress(host) !== null)) {
    if (/^\.[^.]/.test(text) && canonicalHost(text.slice(1)) !== null) {
      return `begins with a dot; write ${quoted(`*${pattern}`)} for the names below ${text.slice(1)}`;
    }
    return text.includes("*")
      ? "has a * that is not a whole first label; write *.example.com for the names below example.com, or * for every host"
      : `has ${quoted(text)}, which is not a host name or address`;
  }
  return { host: wildcard ? `*.${host}` : host, ...ends };
}

/** The host in `host:port`. */
export function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(":"));
}

/** Parses `10.0.0.0/8` or `[fd00::]/8`. */
function readBlock(text: string, port: string): AddressBlock | string {
  const [, base = "", length = ""] = /^([^/]*)\/([0-9]{1,3})$/.exec(text) ?? [];
  const host = canonicalHost(base);
  const address = host === null ? null : parseAddress(host);
  if (address === null) {
    return `has ${quoted(text)}, which is not a block of addresses; write 10.0.0.0/8 or [fd00::]/8, and name no path`;
  }
  if (base.startsWith("[") && address.length === 2)
    return "maps IPv4 into IPv6; write the IPv4 block";
  const bits = Number(length);
  if (bits > address.length * 16)
    return `has a block of /${bits}; the longest is /${address.length * 16}`;
  const block = blockOf(address, bits);
  if (spellAddress(block.address) === spellAddress(address)) return block;
  // Refuse it instead of rounding: the author of 10.1.2.3/8 may have meant the address.
  const start = canonicalHost(spellAddress(block.address)) ?? "";
  return `has an address inside its block; write ${quoted(`${start}/${bits}:${port}`)} for the block, ${quoted(`${host}:${port}`)} for the address`;
}

function portMistake(pattern: string): string {
  if (pattern === "") return 'is empty; write host:port, or "*:*" for every host';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(pattern))
    return "is a URL; write only its host and port, such as api.example.com:443";
  const [, host = "", ports = ""] = /^([^:/]+|\[[^\]]*\]):(.*)$/.exec(pattern) ?? [];
  if (/^[0-9]+(?:\s*[-,;]\s*[0-9]+)+$/.test(ports)) {
    const [first = ""] = ports.split(/[^0-9]/);
    return `has several ports; write an entry for each, such as ${quoted(`${host}:${first}`)}, or ${quoted(`${host}:*`)} for every port`;
  }
  if (/^[a-z][a-z0-9-]*$/i.test(ports)) {
    const number = ports.toLowerCase() === "http" ? 80 : 443;
    return `has ${quoted(ports)} for a port; write its number, such as ${quoted(`${host}:${number}`)}`;
  }
  const [, port, path] = /^([0-9]+|\*)(\/.*)$/.exec(ports) ?? [];
  if (path !== undefined)
    return `has a path; write only host and port: ${quoted(`${host}:${port}`)}`;
  const [, name] = /^([^:/]+)\/(?![0-9]+$)/.exec(pattern) ?? [];
  if (name !== undefined) {
    return `has a path and no port; write only host and port, such as ${quoted(`${name}:443`)}`;
  }
  if (/^[0-9a-f:.]+(?::\*)?$/i.test(pattern) && pattern.split(":").length > 2) {
    const [, address = "::1", last = "443"] = /^(.*):([0-9]+|\*)$/.exec(pattern) ?? [];
    return `has an IPv6 address without brackets; write ${quoted(`[${address}]:${last}`)}`;
  }
  if (!pattern.startsWith("[") && pattern.split(":").length > 2) {
    return "has more than one colon; write one host and one port, such as api.example.com:443";
  }
  if (/:[^\]]*$/.test(pattern)) return "ends in no port; a port is 1 to 65535, or *";
  return "has no port; add a port, such as :443 or :*";
}
