import { ATTRIBUTES as A, EVENTS } from "../semconv.ts";
import { recordHash, type OtlpRecord } from "./canonical.ts";
import { NO_HASH, SHARED } from "./cell-chains.ts";

/** What can be wrong with a chained record. */
export type ChainFault =
  /** It is not what was recorded, or the service did not record it. */
  | "altered"
  /** Records before it are not there. */
  | "missing"
  /** It stands after one that came later. */
  | "reordered"
  /** An exact copy of it stands there already, as after a delivery that was tried twice. */
  | "repeated";

/** One fault, where it shows. */
export interface ChainFinding<Place> {
  readonly kind: ChainFault;
  readonly place: Place;
  readonly cell: string;
  readonly chain: string;
  /** Of the record in its chain, from 1; of `missing`, that of the first that is. */
  readonly position: number;
  /** Records that it concerns. */
  readonly records: number;
  readonly message: string;
}

/** What a check has found. */
export interface ChainReport<Place> {
  /** Records with a place in a chain. */
  readonly records: number;
  /** Denials and ends of cells without one. */
  readonly unchained: number;
  readonly chains: number;
  /** Chains without the end of their cell: whether anything is missing after their last record cannot be seen. */
  readonly open: number;
  /** In the order of the places that they show at; past {@link MAX_FINDINGS} they are only counted. */
  readonly findings: readonly ChainFinding<Place>[];
  readonly found: number;
}

/** Findings that are kept, so that a file in which nothing is right does not fill the memory. */
const MAX_FINDINGS = 1000;

/** Longest chain. A higher position counts as not being a number from 1. */
const MAX_POSITION = 1e9;

/** Begins the names of what chains a record. */
const CHAINED = A.integrityChain.name.slice(0, A.integrityChain.name.lastIndexOf(".") + 1);

interface Link<Place> {
  readonly position: number;
  readonly previous: string;
  readonly hash: string;
  readonly isEnd: boolean;
  readonly place: Place;
  /** Its number among all records that were added. */
  readonly at: number;
}

/** A finding, and the number of the record at which it shows. */
interface Found<Place> {
  readonly at: number;
  readonly finding: ChainFinding<Place>;
}

class Chain<Place> {
  readonly id: string;
  readonly cell: string;
  readonly #links = new Map<number, Link<Place>>();
  /** The largest position so far. */
  last = 0;

  constructor(id: string, cell: string) {
    this.id = id;
    this.cell = cell;
  }

  /** Whether its last record is the end of its cell. */
  get isClosed(): boolean {
    return this.#links.get(this.last)?.isEnd === true;
  }

  /** In the order of their positions. */
  get links(): readonly Link<Place>[] {
    return [...this.#links.values()].toSorted((a, b) => a.position - b.position);
  }

  /** Adds a link, unless there is one of the same position: then that is returned. */
  enter(link: Link<Place>): Link<Place> | undefined {
    const there = this.#links.get(link.position);
    if (there === undefined) this.#links.set(link.position, link);
    return there;
  }
}

/**
 * Checks records that are chained by hash, in the order in which they are added. It finds each record that was altered, removed,
 * moved or doubled, if the chain's end is among them. It cannot tell that an attacker made the chain anew from some record on, or
 * removed all of it: for that, compare the hash of each chain's last record with one that was kept elsewhere.
 */
export class ChainCheck<Place> {
  readonly #chains = new Map<string, Chain<Place>>();
  #findings: Found<Place>[] = [];
  readonly #resent: boolean;
  #records = 0;
  #unchained = 0;

  /** @param options `resent`: an exact copy and another order are not faults, because sending again explains both. Default false. */
  constructor({ resent = false }: { readonly resent?: boolean } = {}) {
    this.#resent = resent;
  }

  /**
   * @param record as OTLP's JSON has it. @param place is given back with what is found there.
   * @throws TypeError if its attributes are not a list of attributes.
   */
  add(record: OtlpRecord, place: Place): void {
    const { eventName, attributes = [] } = record;
    const values = new Map(attributes.map(({ key, value }) => [key, value]));
    // By any of the attributes, and not by the event's name: removing one of them must not take a record out of its chain.
    if (!attributes.some(({ key }) => String(key).startsWith(CHAINED))) {
      const isOfCell = eventName === EVENTS.denial.name || eventName === EVENTS.cellClosed.name;
      this.#unchained += isOfCell ? 1 : 0;
      return;
    }
    const said = (name: string): string => textOf(values.get(name)?.stringValue);
    const id = said(A.integrityChain.name);
    this.#records += 1;
    const link = {
      position: Number(values.get(A.integrityPosition.name)?.intValue),
      previous: said(A.integrityPrevious.name),
      hash: said(A.integrityHash.name),
      isEnd: eventName === EVENTS.cellClosed.name && !id.startsWith(SHARED),
      place,
      at: this.#records,
    };
    const chain = this.#chains.get(id) ?? new Chain<Place>(id, said(A.cell.name));
    this.#chains.set(id, chain);
    const { position } = link;
    if (!Number.isInteger(position) || position < 1 || position > MAX_POSITION) {
      this.#find("altered", chain, link, "its position in its chain is not a whole number from 1");
    } else {
      if (!isItself(record, link.hash)) {
        this.#find("altered", chain, link, "its hash is not that of what it says");
      }
      this.#enter(chain, link);
    }
  }

  /** What was found in all that was added. */
  result(): ChainReport<Place> {
    const before = this.#findings;
    this.#findings = [...before];
    for (const chain of this.#chains.values()) this.#walk(chain);
    const findings = this.#findings.toSorted((a, b) => a.at - b.at);
    this.#findings = before;
    return {
      records: this.#records,
      unchained: this.#unchained,
      chains: this.#chains.size,
      open: [...this.#chains.values()].filter(({ isClosed }) => !isClosed).length,
      findings: findings.slice(0, MAX_FINDINGS).map(({ finding }) => finding),
      found: findings.length,
    };
  }

  #enter(chain: Chain<Place>, link: Link<Place>): void {
    const there = chain.enter(link);
    if (there === undefined) {
      if (link.position < chain.last) {
        this.#find("reordered", chain, link, "it stands after a record that came later");
      }
      chain.last = Math.max(chain.last, link.position);
    } else if (there.hash === link.hash) {
      this.#find("repeated", chain, link, "the same record stands there already");
    } else {
      this.#find("altered", chain, link, "another record has the same position in the chain");
    }
  }

  #walk(chain: Chain<Place>): void {
    let before: Pick<Link<Place>, "position" | "hash" | "isEnd"> = {
      position: 0,
      hash: NO_HASH,
      isEnd: false,
    };
    for (const link of chain.links) {
      const missing = link.position - before.position - 1;
      if (missing > 0) {
        const first = before.position + 1;
        const message = `before it ${missing === 1 ? "a record is" : `${missing} records are`} missing`;
        this.#find("missing", chain, { ...link, position: first }, message, missing);
      } else if (link.previous !== before.hash) {
        this.#find("altered", chain, link, "the record before it is not the one that it followed");
      } else if (before.isEnd) {
        this.#find("altered", chain, link, "it stands after the end of its cell");
      }
      before = link;
    }
  }

  #find(
    kind: ChainFault,
    { id: chain, cell }: Chain<Place>,
    { position, place, at }: Link<Place>,
    message: string,
    records = 1,
  ): void {
    if (this.#resent && (kind === "repeated" || kind === "reordered")) return;
    const finding = { kind, place, cell, chain, position, records, message };
    this.#findings.push({ at, finding });
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isItself(record: OtlpRecord, said: string): boolean {
  try {
    return recordHash(record) === said;
  } catch {
    return false;
  }
}
