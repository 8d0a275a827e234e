import { domainToASCII } from "node:url";

// What the README says of hosts and ports, read anew: nothing here may come from packages/policy/src/match.

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

export interface Endpoint {
  readonly name?: string;
  readonly address?: Address;
  readonly port: string;
}

/** What a target of `connect` means; undefined for one that is never allowed. */
export function endpointOf(target: string): Endpoint | undefined {
  const [, host, port] = /^(.*):([0-9]{1,5})$/s.exec(target) ?? [];
  if (host === undefined || port === undefined || host === "" || /[%\s*/]/.test(host))
    return undefined;
  if (Number(port) < 1 || Number(port) > 65_535 || port.startsWith("0")) return undefined;
  const read = readHost(host);
  return read === undefined ? undefined : { ...read, port };
}

/** Whether a pattern of `hosts` covers a target. */
export function hostCovers(pattern: string, asked: Endpoint): boolean {
  const at = pattern.lastIndexOf(":");
  const [host, port] = [pattern.slice(0, at), pattern.slice(at + 1)];
  if (port !== "*" && port !== asked.port) return false;
  if (host === "*") return true;
  if (host.startsWith("*.")) {
    const suffix = `.${nameOf(host.slice(2))}`;
    return asked.name !== undefined && asked.name.endsWith(suffix) && asked.name !== suffix;
  }
  const [, block, length] = /^(.*)\/([0-9]+)$/.exec(host) ?? [];
  if (block !== undefined && length !== undefined) {
    const address = readHost(block)?.address;
    if (address === undefined || asked.address?.bits !== address.bits) return false;
    const rest = BigInt(address.bits - Number(length));
    return address.value >> rest === asked.address.value >> rest;
  }
  const wanted = readHost(host);
  if (wanted?.address === undefined)
    return wanted?.name !== undefined && wanted.name === asked.name;
  return (
    wanted.address.bits === asked.address?.bits && wanted.address.value === asked.address.value
  );
}

function readHost(host: string): Omit<Endpoint, "port"> | undefined {
  if (host.startsWith("[")) {
    const address = host.endsWith("]") ? version6(host.slice(1, -1)) : undefined;
    return address === undefined ? undefined : { address };
  }
  const name = nameOf(host);
  if (name === "" || name.split(".").includes("")) return undefined;
  // The last label of an address in any spelling is a number, and no name ends in one.
  if (!/^(0x[0-9a-f]*|[0-9]+)$/.test(name.split(".").at(-1) ?? "")) return { name };
  const value = version4(name);
  return value === undefined ? undefined : { address: { bits: 32, value } };
}

function nameOf(host: string): string {
  const lower = host.toLowerCase();
  const ascii = /^[\x20-\x7e]*$/.test(lower) ? lower : domainToASCII(lower);
  return ascii.endsWith(".") ? ascii.slice(0, -1) : ascii;
}

/** One to four numbers, decimal, octal or hexadecimal; the last fills what the others leave. */
function version4(text: string): bigint | undefined {
  const numbers = text.split(".").map((part) => {
    if (/^0x[0-9a-f]*$/.test(part)) return BigInt(part === "0x" ? 0 : part);
    if (/^0[0-7]+$/.test(part)) return BigInt(`0o${part.slice(1)}`);
    return /^(0|[1-9][0-9]*)$/.test(part) ? BigInt(part) : undefined;
  });
  const last = numbers.at(-1);
  if (numbers.length > 4 || last === undefined) return undefined;
  const room = 8n * BigInt(5 - numbers.length);
  if (last >= 1n << room) return undefined;
  let value = 0n;
  for (const number of numbers.slice(0, -1)) {
    if (number === undefined || number > 255n) return undefined;
    value = (value << 8n) | number;
  }
  return (value << room) | last;
}

/** Groups of four hexadecimal digits, one run of noughts left out, the last two as IPv4; a mapped one is IPv4. */
function version6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [before, after] = halves.map(groupsOf);
  if (before === undefined || (halves.length === 2 && after === undefined)) return undefined;
  const left = 8 - before.length - (after?.length ?? 0);
  if (halves.length === 2 ? left < 1 : left !== 0) return undefined;
  const groups = [...before, ...Array.from({ length: left }, () => 0n), ...(after ?? [])];
  const value = groups.reduce((sum, group) => (sum << 16n) | group, 0n);
  return value >> 32n === 0xff_ffn
    ? { bits: 32, value: value & 0xff_ff_ff_ffn }
    : { bits: 128, value };
}

function groupsOf(text: string): readonly bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  for (const [index, group] of text.split(":").entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      groups.push(BigInt(`0x${group}`));
      continue;
    }
    const isLast = index === text.split(":").length - 1;
    const value = isLast && /^[0-9]+(\.[0-9]+){3}$/.test(group) ? version4(group) : undefined;
    if (value === undefined) return undefined;
    groups.push(value >> 16n, value & 0xff_ffn);
  }
  return groups;
}
