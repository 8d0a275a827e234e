const PREFERRED = Array.from("abcdefghijklmnopqrstuvwxyz0123456789-_", (char) =>
  char.charCodeAt(0),
);

/**
 * Chooses a character that is neither special nor among those that are named: a small letter if one is left.
 *
 * @remarks There always is one, because no pattern can name characters that cannot be seen, such as U+00AD.
 */
export function anyOtherThan(
  isSpecial: (code: number) => boolean,
): (named: ReadonlySet<number>) => number {
  return (named) => {
    const isFree = (code: number): boolean => !named.has(code) && !isSpecial(code);
    let code = PREFERRED.find(isFree) ?? 0x21;
    while (!isFree(code)) code += 1;
    return code;
  };
}
