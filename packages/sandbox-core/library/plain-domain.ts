import type { toASCII as whole } from "./idna.ts";

// Stands for tr46 in the URL part. A domain of ASCII without a Punycode label is only made lower case (URL standard, "domain to
// ASCII"); the tables for all others are three quarters of the code, and are loaded when one comes.

export const toASCII: typeof whole = (domain, options) => {
  // oxlint-disable-next-line no-control-regex -- ASCII is meant
  const isPlain = /^[\x00-\x7f]*$/.test(domain) && !/(?:^|\.)xn--/i.test(domain);
  if (isPlain) return domain.toLowerCase();
  const { toASCII } = require("./idna.ts") as typeof import("./idna.ts");
  return toASCII(domain, options);
};

export default { toASCII };
