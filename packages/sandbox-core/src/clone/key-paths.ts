import { MAX_REMEMBERED, MAX_STEPS } from "./costs.ts";
import { define } from "./properties.ts";

/**
 * Most paths of one family when a value begins. With `MAX_NEXT` of `shapes.ts` more from the value itself, none of V8's hidden
 * classes gets more successors than it connects (1536), after which each object would be a class of its own.
 */
const MAX_PATHS = 1000;

/** V8 reserves room in each object for as many properties as the first objects of a constructor have, and so many stand in `{}`. */
const IN_OBJECT = ["a", "b", "c", "d"];
/** So many objects V8 looks at (`kSlackTrackingCounterStart`). */
const FIRST_OBJECTS = 8;

/** A key that follows other keys in an object: the objects of a table's rows all go along one path. */
export class KeyPath {
  readonly key: string;
  /** The key as it came, its tag and length included; empty for one that is not remembered. */
  readonly wire: Uint8Array;
  readonly steps: number;
  /** Whether an assignment makes the property. One that `Object.prototype` has would be inherited, refused or be a setter's call. */
  readonly isPlain: boolean;
  /** The path that last followed: most objects are like the one before. */
  last: KeyPath | undefined;
  #next: Map<string, KeyPath> | undefined;

  constructor(key: string, wire: Uint8Array, steps: number) {
    this.key = key;
    this.wire = wire;
    this.steps = steps;
    this.isPlain = !(key in Object.prototype);
  }

  known(key: string): KeyPath | undefined {
    return this.#next?.get(key);
  }

  remember(path: KeyPath): void {
    this.#next ??= new Map();
    this.#next.set(path.key, path);
  }
}

/** Of a key that is not remembered. No bytes match it. */
const NO_WIRE = new Uint8Array(0);

/**
 * Makes the objects that guests send: plain objects, of a constructor that no other code has. V8 keeps a tree of hidden classes
 * for each constructor, and when the root of a tree has its full number of successors, each new object is a class of its own, at a
 * hundred times the cost. In the tree of `{}`, any guest could bring that on for all the host's objects.
 */
export class Family {
  readonly root = new KeyPath("", NO_WIRE, 0);
  readonly inherited = Object.getOwnPropertyNames(Object.prototype);
  readonly make: new () => Record<string, unknown>;
  paths = 0;

  constructor() {
    // An arrow function could not be constructed. V8 tells the function's name where an object refers to itself.
    const make = function Object(): void {} as unknown as new () => Record<string, unknown>;
    make.prototype = Object.prototype;
    this.make = make;
    for (let count = 0; count < FIRST_OBJECTS; count++) {
      const object = new this.make();
      for (const key of IN_OBJECT) define(object, key, undefined);
    }
  }

  /** Whether the host has changed `Object.prototype` since, so that paths may be wrong about what is plain. */
  get isStale(): boolean {
    const now = Object.getOwnPropertyNames(Object.prototype);
    return (
      now.length !== this.inherited.length ||
      now.some((name, index) => name !== this.inherited[index])
    );
  }

  /** The path after one more key. */
  follow(path: KeyPath, key: string, wire: Uint8Array): KeyPath {
    const known = path.known(key);
    if (known !== undefined) {
      path.last = known;
      return known;
    }
    if (path.steps >= MAX_STEPS) return new KeyPath(key, NO_WIRE, MAX_STEPS);
    this.paths += 1;
    // The keys after it are not remembered either: each object would make the same paths again, at ten times the cost.
    if (wire.length > MAX_REMEMBERED) return new KeyPath(key, NO_WIRE, MAX_STEPS);
    // A slice of a Buffer would not be a copy: it would keep the whole frame, and change with it.
    const next = new KeyPath(key, new Uint8Array(wire), path.steps + 1);
    path.remember(next);
    path.last = next;
    return next;
  }
}

/** Shortest clone that is not small, bytes. */
export const LARGE = 256;

let current = new Family();

/**
 * The family for the next value.
 *
 * @param isSmall It may be stale then, so whether a key is plain must be looked up: for a few keys that takes less time than to see
 *   whether a family is stale.
 */
export function family(isSmall: boolean): Family {
  if (!isSmall && current.isStale) current = new Family();
  return current;
}

/** Called at a value's end, so that the paths of one that had many are not kept until the next one. */
export function replaceFull(): void {
  if (current.paths > MAX_PATHS) current = new Family();
}
