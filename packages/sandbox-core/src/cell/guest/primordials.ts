export type Primordials = ReturnType<typeof primordials>;

/**
 * The parts of the realm that the stubs need, kept before the guest could replace them. The guest may change every global and
 * prototype later. So the stubs look nothing up there again, use no iterators, species or symbol methods, and their tables have
 * no prototype. Planted by its source text, so it uses no name from outside itself.
 */
export function primordials() {
  const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
  const { parse, stringify } = JSON;
  const { create, freeze, setPrototypeOf } = Object;
  const { min, trunc } = Math;

  type Method = (...args: never[]) => unknown;
  const unbound =
    <R>(method: Method) =>
    (self: unknown, ...args: unknown[]): R =>
      apply(method as (...args: unknown[]) => unknown, self, args) as R;
  const typedArray = getPrototypeOf(Uint8Array.prototype) as object;
  const getter = (name: string | symbol): Method =>
    getOwnPropertyDescriptor(typedArray, name)?.get as Method;

  /** Defines an own property, so that a setter on a prototype is not called. */
  function own(target: object, name: string | symbol, value: unknown, enumerable = false): void {
    defineProperty(target, name, {
      __proto__: null,
      value,
      writable: true,
      configurable: true,
      enumerable,
    } as PropertyDescriptor);
  }

  function defineGetter(target: object, name: string, get: () => unknown): void {
    defineProperty(target, name, {
      __proto__: null,
      get,
      configurable: false,
      enumerable: true,
    } as PropertyDescriptor);
  }

  const then = unbound<Promise<unknown>>(Promise.prototype.then as Method);
  const Promises = Promise;
  /**
   * Waits for a value, thenable or not. A guest's `then` gets only the engine's own functions.
   *
   * @param threw Called with an error that one of the other two threw. Without it, the caller would wait for ever.
   */
  function whenSettled(
    value: unknown,
    resolved: (value: unknown) => void,
    rejected: (error: unknown) => void,
    threw: (error: unknown) => void,
  ): void {
    const promise = new Promises((resolve) => {
      resolve(value);
    });
    // Without an own `constructor`, `then` would read the guest's.
    own(promise, "constructor", undefined);
    const reaction = then(promise, resolved, rejected);
    own(reaction, "constructor", undefined);
    void then(reaction, undefined, threw);
  }

  const Maps = Map;
  const Sets = Set;
  const mapGet = unbound<unknown>(Maps.prototype.get);
  const mapSet = unbound<void>(Maps.prototype.set);
  const setAdd = unbound<void>(Sets.prototype.add);
  const eachEntry = unbound<void>(Maps.prototype.forEach as Method);
  const eachItem = unbound<void>(Sets.prototype.forEach as Method);
  type Each = (item: unknown, key: unknown) => void;

  /** A Map that is used through the engine's own methods. */
  function MapOf() {
    const map = new Maps<unknown, unknown>();
    return {
      map,
      get: (key: unknown): unknown => mapGet(map, key),
      set: (key: unknown, value: unknown): void => mapSet(map, key, value),
    };
  }

  function SetOf() {
    const set = new Sets<unknown>();
    return { set, add: (value: unknown): void => setAdd(set, value) };
  }

  const tagOf = unbound<string | undefined>(getter(Symbol.toStringTag));
  const bufferOf = unbound<ArrayBuffer>(getter("buffer"));
  const dataBufferOf = unbound<ArrayBuffer>(
    getOwnPropertyDescriptor(DataView.prototype, "buffer")?.get as Method,
  );
  const { isView } = ArrayBuffer;
  const { isArray } = Array;
  const objects = Object.prototype;
  const typeErrors = TypeError.prototype;

  return {
    /** Whether an error is one of the engine's own, by its prototype: calls no method of the guest's. */
    isTypeError: (error: unknown): boolean =>
      typeof error === "object" && error !== null && getPrototypeOf(error) === typeErrors,
    MapOf,
    SetOf,
    eachOf: (collection: unknown, kind: "Map" | "Set", each: Each): void =>
      kind === "Map" ? eachEntry(collection, each) : eachItem(collection, each),
    tagged: unbound<string>(Object.prototype.toString),
    hasOwn: Object.hasOwn,
    /** Whether it is an object of a class, and no list and no plain object. */
    isInstance: (value: unknown): boolean => {
      if (typeof value !== "object" || value === null || isArray(value)) return false;
      const prototype = getPrototypeOf(value);
      return prototype !== null && prototype !== objects;
    },
    descriptorOf: getOwnPropertyDescriptor,
    realm: globalThis as unknown as Record<string, unknown>,
    // Under another name, `eval` is indirect: it runs in the global scope, not in the caller's.
    // oxlint-disable-next-line no-eval -- running the guest's text is what this room is for
    indirectEval: eval,
    Errors: {
      __proto__: null,
      Error,
      TypeError,
      RangeError,
      SyntaxError,
      ReferenceError,
      EvalError,
      URIError,
    } as unknown as Record<string, ErrorConstructor | undefined>,
    Error,
    TypeError,
    RangeError,
    SyntaxError,
    Promise,
    Date,
    Bytes: Uint8Array,
    isBytes: (value: unknown): boolean => isView(value) && tagOf(value) === "Uint8Array",
    text: String,
    toNumber: Number as (value: string | number) => number,
    isSafeInteger: Number.isSafeInteger as (value: unknown) => value is number,
    toStringTag: Symbol.toStringTag,
    /** Milliseconds of Unix time. */
    now: Date.now,
    isView,
    isArray,
    apply,
    ownKeys,
    parse,
    stringify,
    create: create as (prototype: null) => Record<string, unknown>,
    freeze,
    setPrototypeOf,
    defineProperty,
    min,
    trunc,
    own,
    defineGetter,
    whenSettled,
    slice: unbound<string>(String.prototype.slice),
    indexOf: unbound<number>(String.prototype.indexOf),
    lower: unbound<string>(String.prototype.toLowerCase),
    bufferLengthOf: unbound<number>(
      getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")?.get as Method,
    ),
    bufferOf,
    /** The buffer behind a typed array or a DataView. */
    viewedBy: (view: unknown): ArrayBuffer =>
      tagOf(view) === undefined ? dataBufferOf(view) : bufferOf(view),
    byteOffsetOf: unbound<number>(getter("byteOffset")),
    byteLengthOf: unbound<number>(getter("byteLength")),
    tagOf,
    setBytes: unbound<void>(Uint8Array.prototype.set),
    arraySlice: unbound<unknown[]>(Array.prototype.slice as Method),
  };
}
