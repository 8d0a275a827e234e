import assert from "node:assert/strict";

import { PolicyError } from "@pyisolate/sandbox-core";

import { arena, failureOf, importing } from "./arena/arena.ts";

/** What could end a line, hide, reorder or imitate text: NUL, terminal escapes, line ends, bidi, invisible, lone surrogates. */
const hostile = [
  "\0",
  "\u001b[2J",
  "\r\n",
  "\u2028",
  "\u202e",
  "\u2066",
  "\u200b",
  "\ufeff",
  "\u00ad",
  "\udc00",
  "\ud800",
  "\u{e0041}",
  "\u009b",
];
const UNCLEAN =
  // oxlint-disable-next-line no-control-regex -- naming control characters is the point
  /[\u0000-\u001f\u007f-\u009f\u00ad\u200b\u2028-\u202e\u2066-\u2069\ufeff\u{e0041}\p{Cs}]/u;

await arena(
  {
    rules: [
      importing("node:fs", "node:child_process"),
      {
        id: "sh",
        effect: "allow",
        capability: "subprocess",
        operations: ["exec"],
        commands: [{ path: "/bin/sh", args: ["-c", "cat"] }, "/bin/cat"],
      },
    ],
  },
  async ({ spawn, events }) => {
    const lines: string[] = [];
    const cell = await spawn({ onConsole: (_level, text) => lines.push(text) });
    await cell.exec(
      `globalThis.fs = require("node:fs"); globalThis.cp = require("node:child_process"); 0`,
    );
    let due = 0;
    for (const character of hostile) {
      const text = JSON.stringify(`a${character}b`);
      for (const program of [
        `fs.readFileSync("/tmp/" + ${text})`,
        `fs.promises.writeFile("/tmp/" + ${text}, "x")`,
        `require(${text})`,
        `import(${text})`,
        `fetch("http://127.0.0.1:1/" + ${text})`,
        `fetch("http://" + ${text} + ":1/")`,
        `cp.execFileSync("/bin/" + ${text})`,
        `cp.execFile(${text}, [])`,
      ]) {
        const error = await failureOf(cell.exec(program));
        assert.ok(error instanceof PolicyError, `${program}: ${error.message}`);
        due += 1;
        assert.equal(events.length, due, program);
        assert.equal(error.denialEvent, events.at(-1));
        assert.ok(
          !UNCLEAN.test(error.denialEvent.target),
          `${program} left ${JSON.stringify(error.denialEvent.target)}`,
        );
        assert.ok(!UNCLEAN.test(error.message), program);
      }
      await cell.exec(`console.log(${text}, "\\n", { [${text}]: ${text} }); 0`);
      const own = await failureOf(
        cell.exec(
          `throw Object.assign(new Error(${text}), { name: ${text}, stack: "    at " + ${text} })`,
        ),
      );
      assert.ok(
        !UNCLEAN.test(own.message) && !UNCLEAN.test(String(own.stack).replaceAll("\n", "")),
        JSON.stringify(own.stack),
      );
      // As content they are the guest's business, and come back whole where the encoding can carry them.
      if (!character.isWellFormed()) continue;
      assert.equal(
        await cell.exec(
          `cp.execFileSync("/bin/sh", ["-c", "cat"], { input: ${text}, encoding: "utf8" })`,
        ),
        `a${character}b`,
      );
    }
    // Each is told with the lines of its own text, the end of the one after it, and the object after that.
    const told = hostile.map((character) => character.split("\n").length + 1);
    assert.equal(
      lines.length,
      told.reduce((sum, count) => sum + count, 0),
    );
    for (const line of lines) assert.ok(!UNCLEAN.test(line), JSON.stringify(line));
    return due;
  },
);
