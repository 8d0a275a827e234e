/** Longest rule id, as the schema has it, less room for a number. */
const LONGEST = 58;

/** An id that no rule has yet: the wanted one, cut to an id's length and with a number if it is taken. */
export function freeRuleId(taken: ReadonlySet<string>, wanted: string): string {
  const start = wanted.slice(0, LONGEST);
  let id = start;
  for (let count = 2; taken.has(id); count += 1) id = `${start}-${count}`;
  return id;
}
