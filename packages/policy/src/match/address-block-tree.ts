import type { Address, AddressBlock } from "./address.ts";
import { PortRanks } from "./port-ranks.ts";

/** Address blocks by their bits. A lookup follows an address through all blocks that contain it, the widest first. */
export class BlockTree {
  readonly #ipv4 = new Bits();
  readonly #ipv6 = new Bits();

  add({ address, bits }: AddressBlock, port: string, rank: number): void {
    let place = this.#family(address);
    for (let at = 0; at < bits; at += 1) {
      if (bitAt(address, at) === 0) place = place.zero ??= new Bits();
      else place = place.one ??= new Bits();
    }
    place.ports ??= new PortRanks();
    place.ports.add(port, rank);
  }

  least(address: Address, port: string, below: number): number {
    let best = below;
    let place: Bits | undefined = this.#family(address);
    for (let at = 0; place !== undefined; at += 1) {
      if (place.ports !== undefined) best = place.ports.least(port, best);
      place = bitAt(address, at) === 0 ? place.zero : place.one;
    }
    return best;
  }

  /** The tree of the address's family: an IPv4 address is never in an IPv6 block. */
  #family(address: Address): Bits {
    return address.length === 2 ? this.#ipv4 : this.#ipv6;
  }
}

class Bits {
  zero: Bits | undefined;
  one: Bits | undefined;
  ports: PortRanks | undefined;
}

function bitAt(address: Address, at: number): number {
  return ((address[at >>> 4] ?? 0) >>> (15 - (at & 15))) & 1;
}
