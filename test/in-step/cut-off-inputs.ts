import { at, bare, dropped, end, flat, type FoundInput, input } from "./found-input.ts";
import { operation as op } from "./operations.ts";
import { attempt, FLAT, from } from "./programs.ts";

/** A refused operation that was performed after another one had been cut off between its request and its verdict. */
export const CUT_OFF: readonly FoundInput[] = [
  input(
    "writes at the end of the stack, once V8 has dropped the code of the blocking path",
    (k) => [dropped, bare(k, `fs.writeFileSync(G + "/s", "y")`)],
  ),
  input("looking at files at the end of the stack, the code dropped", (k) => [
    dropped,
    bare(k, k % 2 === 0 ? `fs.existsSync(G)` : `fs.statSync(G + "/r1")`),
  ]),
  input("random numbers at the end, where nothing has to be found out before it is asked", (k) => [
    flat("draw a number", "require big"),
    dropped,
    end(k, "draw a number"),
    end(k + 5, "require big", "draw bytes"),
    end(k + 11, "draw an id", "read denied"),
  ]),
  input("a command that is waited for, from the end", (k) => [
    flat("run granted", "require big"),
    end(k, "require big", "run denied"),
    end(k + 7, "run granted"),
    end(k + 11, "require big", "write denied"),
  ]),
  input("promises of files and commands, from the end", (k) => [
    flat("require big"),
    end(k, "read granted later", "read denied later"),
    from(
      { ...at(k + 3), enough: 60 },
      ["require big", "write granted later", "run denied later"]
        .map((name) => attempt(op(name)))
        .join(" "),
    ),
    end(k + 9, "import es", "fetch granted", "fetch denied", "require forbidden"),
    end(k + 11, "print", "read granted later"),
  ]),
  input("a posted message whose getter goes to the end and asks there", (k) => [
    `post({ get x() { ${end(k, "require big", "read denied")} return 1; } })`,
    end(k, "post"),
  ]),
  input("a printed value that goes to the end and asks there", (k) => [
    `console.log({ [Symbol.for("nodejs.util.inspect.custom")]() { ${end(k, "draw a number", "write denied")} return 1; } })`,
    end(k, "print", "read denied"),
  ]),
  input("timers that go to the end", (k) => [
    `for (let n = 0; n < 4; n++) setTimeout(() => { ${end(k, "write granted", "require big")} }, n);
     new Promise((resolve) => { setTimeout(resolve, 20); })`,
  ]),
  input("an option's getter that goes to the end while the outer request is being read", (k) => [
    from(
      FLAT,
      attempt(op("read granted"), `{ get encoding() { ${end(k, "require big")} return "utf8"; } }`),
    ),
    from(
      FLAT,
      attempt(
        op("read denied"),
        `{ get encoding() { ${end(k, "draw a number")} return "utf8"; } }`,
      ),
    ),
  ]),
  input("an option whose toString goes to the end and asks there", (k) => [
    from(
      FLAT,
      attempt(
        op("read denied"),
        `{ encoding: { toString() { ${end(k, "require big", "stat denied")} return "utf8"; } } }`,
      ),
    ),
    from(
      FLAT,
      attempt(
        op("write granted"),
        `{ mode: { valueOf() { return 1; }, toString() { ${end(k, "stat granted")} return "644"; } } }`,
      ),
    ),
  ]),
  input("options that are a Proxy whose traps go to the end", (k) => [
    from(
      FLAT,
      attempt(
        op("write denied"),
        `new Proxy({}, { ownKeys() { ${end(k, "draw bytes", "require big")} return []; }, get() { ${end(k + 1, "write granted")} } })`,
      ),
    ),
  ]),
  input("a thenable and a result's getter that go to the end", (k) => [
    `({ then(resolve) { ${end(k, "require big", "write granted")} resolve(1); } })`,
    `({ get x() { ${end(k + 1, "require big", "read denied")} return 1; } })`,
  ]),
];
