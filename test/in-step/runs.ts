/** A whole number from the environment, for longer runs by hand; else what fits the suite's time. */
export function setting(name: string, inSuite: number): number {
  const given = process.env[name];
  if (given === undefined || given === "") return inSuite;
  const number = Number(given);
  if (!Number.isSafeInteger(number)) throw new TypeError(`${name} must be a whole number`);
  return number;
}
