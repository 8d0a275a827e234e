import { type Guard, Malformed } from "./guard.ts";

/** Loads the module at first use: most guests never draw a random number, and it takes 1 MiB in every cell. */
const source = (): typeof import("node:crypto") => process.getBuiltinModule("node:crypto");

/** Most bytes of one `getRandomValues`, by the Web Cryptography API. */
const MAX_RANDOM_BYTES = 65_536;

export const getRandomValues: Guard = ([length]) => {
  if (typeof length !== "number")
    throw new Malformed("getRandomValues takes an integer typed array");
  if (length > MAX_RANDOM_BYTES)
    throw new Malformed("getRandomValues gives at most 65536 bytes", `${length} bytes`);
  return { target: "", perform: () => source().randomBytes(length) };
};

export const randomUUID: Guard = () => ({ target: "", perform: () => `v${source().randomUUID()}` });

/** 53 random bits as a fraction: any double that `Math.random` may give, but from a secure source. */
export const random: Guard = () => ({
  target: "",
  perform: () => Number(source().randomBytes(8).readBigUInt64LE() >> 11n) / 2 ** 53,
});
