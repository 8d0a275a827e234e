/** All texts of these characters, the shortest first, from the empty one on. Stops where `longest` is reached. */
export function* shortTexts(characters: string, longest = Infinity): Iterable<string> {
  for (let length = 0; length <= longest; length += 1) yield* textsOf(characters, length);
}

function* textsOf(characters: string, length: number): Iterable<string> {
  if (length === 0) {
    yield "";
    return;
  }
  for (const start of textsOf(characters, length - 1)) {
    for (const character of characters) yield start + character;
  }
}
