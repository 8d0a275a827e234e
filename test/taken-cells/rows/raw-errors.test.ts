// Whatever a taken cell calls a result, the host's call ends with a documented error.
import { expect } from "vitest";

import type { Case } from "../observation.ts";
import { eachCase, endsAsDocumented } from "./each-case.ts";
import { failure, hex, jsonOf, message, nodes, result, shape, silent } from "./scripts.ts";

const BYTES: Readonly<Record<string, string>> = {
  nothing: "",
  "a header alone": "ff0f",
  "no header": "4954",
  "a version that is not yet": "ff63",
  "an array longer than its bytes": "ff0f41ffffffff0f",
  "an object that does not end": "ff0f6f220161",
  "a reference to nothing": "ff0f5e05",
  "a typed array of an unknown kind": "ff0f5c630100",
  "a view beyond its buffer": "ff0f42005642ff0100",
  "a SharedArrayBuffer": "ff0f7500",
  "a WebAssembly module": "ff0f7700",
  "a WebAssembly memory": "ff0f6d0101",
  "a shared value": "ff0f7000",
  "a transferred buffer": "ff0f7400",
  "a BigInt longer than any": "ff0f5afeffffff0f",
  "a RegExp that is none": "ff0f522201280000",
  "a RegExp with unknown flags": "ff0f52220161ffff0f",
  "an Error of an unknown kind": "ff0f7278",
  "a Date out of range": "ff0f44ffffffffffffff7f",
  "an array of another length than it says": "ff0f4101302400 05".replace(" ", ""),
  "a property twice": "ff0f6f220161302201 61307b02".replace(" ", ""),
  "a Map with a key and no value": "ff0f3b303a01",
};

const results = Object.entries(BYTES).flatMap<Case>(([name, bytes]) => [
  { name: `a result: ${name}`, calls: [silent(result(hex(bytes)))], limits: { wall_ms: 2000 } },
  {
    name: `a message: ${name}`,
    calls: [silent(message(hex(bytes)), result(hex("ff0f4954")))],
    reader: "eager",
    limits: { wall_ms: 2000 },
  },
]);

const OTHERS: readonly Case[] = [
  {
    name: "a result deeper than a stack",
    calls: [silent(result(shape("arrays in arrays, n deep", 100_000)))],
  },
  {
    name: "a result of Maps deeper than a stack",
    calls: [silent(result(shape("Maps in Maps, n deep", 100_000)))],
  },
  {
    name: "a result of causes deeper than a stack",
    calls: [silent(result(shape("causes of Errors, n deep", 100_000)))],
  },
  {
    name: "a result of a million views",
    calls: [silent(result(nodes("view, Node's Buffer, empty", 1_000_000)))],
  },
  { name: "a failure that is not JSON", calls: [silent(failure(hex("7b")))] },
  { name: "a failure of another form", calls: [silent(failure(jsonOf({ name: 1 })))] },
  {
    name: "a failure of names",
    calls: [
      silent(
        failure(
          jsonOf(Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [i.toString(36), 0]))),
        ),
      ),
    ],
  },
];

eachCase("a malformed answer is told as a documented error", [...results, ...OTHERS], (seen) => {
  endsAsDocumented(seen);
  expect(Object.keys(seen.outcomes).length).toBeGreaterThan(0);
  expect(seen.longestMs).toBeLessThanOrEqual(50);
});
