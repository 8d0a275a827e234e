import { randomBytes, randomUUID as uuid } from "node:crypto";

import { type Guard, Malformed } from "./guard.ts";

/** Most bytes of one `getRandomValues`, by the Web Cryptography API. */
const MAX_RANDOM_BYTES = 65_536;

export const getRandomValues: Guard = ([length]) => {
  if (typeof length !== "number") throw new Malformed("getRandomValues takes an integer typed array");
  if (length > MAX_RANDOM_BYTES) throw new Malformed("getRandomValues gives at most 65536 bytes");
  return { target: "", perform: () => randomBytes(length) };
};

export const randomUUID: Guard = () => ({ target: "", perform: () => `v${uuid()}` });

/** 53 random bits as a fraction: every double that `Math.random` may give, and from a secure source. */
export const random: Guard = () => ({
  target: "",
  perform: () => Number(randomBytes(8).readBigUInt64LE() >> 11n) / 2 ** 53,
});
