/** The names that have a number, at their number (Web IDL, "DOMException names table"). */
const NAMES: readonly (string | undefined)[] = [
  undefined,
  "IndexSizeError",
  undefined,
  "HierarchyRequestError",
  "WrongDocumentError",
  "InvalidCharacterError",
  undefined,
  "NoModificationAllowedError",
  "NotFoundError",
  "NotSupportedError",
  "InUseAttributeError",
  "InvalidStateError",
  "SyntaxError",
  "InvalidModificationError",
  "NamespaceError",
  "InvalidAccessError",
  undefined,
  "TypeMismatchError",
  "SecurityError",
  "NetworkError",
  "AbortError",
  "URLMismatchError",
  "QuotaExceededError",
  "TimeoutError",
  "InvalidNodeTypeError",
  "DataCloneError",
];

/** The error that the web's own functions throw. */
export class DOMException extends Error {
  readonly #name: string;

  constructor(message = "", options: unknown = "Error") {
    super(String(message));
    if (typeof options === "object" && options !== null) {
      this.#name = "name" in options ? String(options.name) : "Error";
      if ("cause" in options) this.cause = options.cause;
    } else this.#name = String(options);
    // The stack's first line was written when the name was still "Error".
    const { stack = "" } = this;
    Object.defineProperty(this, "stack", {
      value: stack.replace(/^Error/, this.#name),
      configurable: true,
      writable: true,
    });
  }

  override get name(): string {
    return this.#name;
  }

  get code(): number {
    return Math.max(NAMES.indexOf(this.#name), 0);
  }

  get [Symbol.toStringTag](): string {
    return "DOMException";
  }
}

/** The constants of numbers that no name has any more, and the one that its name does not tell. */
const CONSTANTS: Readonly<Record<number, string>> = {
  2: "DOMSTRING_SIZE_ERR",
  6: "NO_DATA_ALLOWED_ERR",
  10: "INUSE_ATTRIBUTE_ERR",
  16: "VALIDATION_ERR",
};
for (let code = 1; code < NAMES.length; code++) {
  const words = NAMES[code]?.replace(/or$/, "").replaceAll(/(?<=[a-z]|URL)(?=[A-Z])/g, "_");
  const constant = CONSTANTS[code] ?? words?.toUpperCase();
  if (constant === undefined) continue;
  for (const target of [DOMException, DOMException.prototype])
    Object.defineProperty(target, constant, { value: code, enumerable: true });
}
