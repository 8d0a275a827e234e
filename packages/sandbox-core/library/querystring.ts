import library from "querystring-es3";

type Parse = (text: string, ...rest: unknown[]) => object;
const { parse: parseLibrary, stringify } = library as { parse: Parse; stringify: unknown };

/** The pairs, in an object that has nothing else. */
const parse: Parse = (text, ...rest) =>
  Object.assign(Object.create(null) as object, parseLibrary(text, ...rest));

/** As `encodeURIComponent`, which leaves the same characters as they are. */
const escape = (text: unknown): string => encodeURIComponent(String(text));

/** As `decodeURIComponent`, but what is not an escape stays as it is. */
function unescape(text: unknown): string {
  try {
    return decodeURIComponent(String(text));
  } catch {
    return String(text).replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
      try {
        return decodeURIComponent(escapes);
      } catch {
        return "\ufffd";
      }
    });
  }
}

export { escape, parse, parse as decode, stringify, stringify as encode, unescape };
