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
