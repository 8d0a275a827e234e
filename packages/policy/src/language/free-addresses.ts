import { type Address, type AddressBlock, blockOf, spellAddress } from "../match/address.ts";
import { canonicalHost } from "../match/canonical-host.ts";

/** Addresses that map IPv4 into IPv6 are spelled as IPv4, so that no target is one. */
const MAPPED: AddressBlock = { address: [0, 0, 0, 0, 0, 0xffff, 0, 0], bits: 96 };

/** Finds, for each of some blocks, an address that lies in no smaller one and is not named itself. */
export class FreeAddresses {
  readonly #ipv4 = new Bits();
  readonly #ipv6 = new Bits();

  constructor() {
    this.#ipv4.isBlock = true;
    this.#ipv6.isBlock = true;
    this.#place(MAPPED).isTaken = true;
  }

  addBlock(block: AddressBlock): void {
    this.#place(block).isBlock = true;
  }

  addAddress(address: Address): void {
    this.#place({ address, bits: address.length * 16 }).isTaken = true;
  }

  /** The shortest free address of each block and of each family, where there is one. */
  *samples(): Iterable<string> {
    for (const [root, size] of [
      [this.#ipv4, 2],
      [this.#ipv6, 8],
    ] as const) {
      const none = { address: Array<number>(size).fill(0), bits: 0 };
      for (const [place, block] of blocksFrom(root, none)) {
        const spelled = [...freeIn(place, block)].map(
          (address) => canonicalHost(spellAddress(address)) ?? "",
        );
        const shortest = spelled.toSorted((one, other) => one.length - other.length)[0];
        if (shortest !== undefined) yield shortest;
      }
    }
  }

  #place({ address, bits }: AddressBlock): Bits {
    let place = address.length === 2 ? this.#ipv4 : this.#ipv6;
    for (let at = 0; at < bits; at += 1) place = place.below(bitAt(address, at));
    return place;
  }
}

/** A block of addresses, by its first bits. */
class Bits {
  readonly halves: (Bits | undefined)[] = [undefined, undefined];
  isBlock = false;
  /** Whether all of it is left out: it is an address that a pattern names. */
  isTaken = false;

  below(bit: number): Bits {
    return (this.halves[bit] ??= new Bits());
  }
}

/** Every block in the tree. */
function* blocksFrom(place: Bits, block: AddressBlock): Iterable<readonly [Bits, AddressBlock]> {
  if (place.isBlock && !place.isTaken) yield [place, block];
  for (const [bit, half] of place.halves.entries()) {
    if (half !== undefined) yield* blocksFrom(half, halfOf(block, bit));
  }
}

/**
 * The first address of each part of a block that holds no smaller block. Of the addresses of one part it is among those with the
 * shortest spelling: all that is not fixed is zero.
 */
function* freeIn(place: Bits, block: AddressBlock): Iterable<Address> {
  const [zero, one] = place.halves;
  if (zero === undefined && one === undefined) {
    yield block.address;
    return;
  }
  for (const [bit, half] of place.halves.entries()) {
    const own = halfOf(block, bit);
    if (half === undefined) yield own.address;
    else if (!half.isBlock && !half.isTaken) yield* freeIn(half, own);
  }
}

function halfOf({ address, bits }: AddressBlock, bit: number): AddressBlock {
  const group = bits >>> 4;
  const set = address.map((each, at) => (at === group ? each | (bit << (15 - (bits & 15))) : each));
  return blockOf(set, bits + 1);
}

function bitAt(address: Address, at: number): number {
  return ((address[at >>> 4] ?? 0) >>> (15 - (at & 15))) & 1;
}
