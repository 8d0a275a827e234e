import { compareWithReadme } from "./compare.ts";

// The long run, by hand: `node test/policy-oracle/by-hand.ts [SEED] [REQUESTS]`, two million unless told.

const [seed = "1", requests = "2000000"] = process.argv.slice(2);
const compared = compareWithReadme(Number(seed), Number(requests));
console.log(JSON.stringify(compared, undefined, 2));
process.exitCode = compared.differing.length > 0 ? 1 : 0;
