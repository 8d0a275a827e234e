import { isIPv6 } from "node:net";

/** One spelling for all spellings of a host; null for what is no host. */
export function canonicalHost(host: string): string | null {
  if (typeof host !== "string" || host === "" || /[\s%/?#@\\]/.test(host)) return null;
  const url = URL.parse(`http://${isIPv6(host) ? `[${host}]` : host}/`);
  if (url === null || url.port !== "" || url.hostname === "") return null;
  const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(url.hostname);
  if (mapped === null) return url.hostname.replace(/\.$/, "");
  const high = Number.parseInt(mapped[1] ?? "", 16);
  const low = Number.parseInt(mapped[2] ?? "", 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** Whether an address is on the public internet. */
export function isPublicAddress(address: string): boolean {
  return /^(?:[1-9]|1[1-9]|[2-9]\d|1[013-6]\d|126|12[0-68-9])\./.test(address) && !/^(?:10|127|100|169|172|192|198|203)\./.test(address);
}
