import { at, dropped, end, EPILOGUE, flat, type FoundInput, input } from "./found-input.ts";
import { operation as op } from "./operations.ts";
import { attempt, from } from "./programs.ts";

/** A verdict of which a part was left unread. */
export const HALF_READ: readonly FoundInput[] = [
  input("a module longer than one read as the first request, at the end of the stack", (k) => [
    end(k, "require big"),
  ]),
  input("the same when it has been loaded before", (k) => [
    flat("require big"),
    end(k, "require big"),
    ...EPILOGUE,
    end(k + 1, "require big"),
  ]),
  input("the same once V8 has dropped the code", (k) => [
    flat("require big"),
    dropped,
    end(k, "require big"),
  ]),
  input("import() of it at the end, beside blocking requests", (k) => [
    flat("require big"),
    from(
      { ...at(k), most: 900, enough: 60 },
      `try { imp("big").catch(() => {}); } catch {} ${attempt(op("require big"))}`,
    ),
    from({ ...at(k + 5), most: 900 }, `try { imp("big-es").catch(() => {}); } catch {}`),
    end(k + 1, "import es", "read denied"),
  ]),
  input("an ES module whose own imports are long ones, from the end", (k) => [
    from(at(k), `try { require("on-big"); ok++; } catch {}`),
    ...EPILOGUE,
    from({ ...at(k), most: 900 }, `try { require("big-es"); } catch {}`),
    from(at(k + 1), `try { imp("on-big").catch(() => {}); ok++; } catch {}`),
  ]),
  input("a module's body that goes to the end and loads another there", (k) => [
    `inBody = () => { ${end(k, "require big", "write granted")} }; try { require("body"); } catch {}`,
    `try { require("es-body"); } catch {}`,
  ]),
  input("a timer and a promise's reaction that load it at the end", (k) => [
    `setTimeout(() => { ${end(k, "require big")} }, 0); Promise.resolve().then(() => { ${end(k + 1, "require big")} });
     new Promise((resolve) => { setTimeout(resolve, 20); })`,
  ]),
  input(
    "a comparison and a replacement, called back by the engine, that load it at the end",
    (k) => [
      `[3, 1, 2].sort(() => { ${end(k, "require big")} return 0; }); undefined`,
      `"a".replace(/a/, () => { ${end(k + 1, "require big", "read denied")} return ""; })`,
    ],
  ),
  input(
    "the time that is up at any moment of loading it again and again",
    (k) => [
      `for (;;) { ${end(k, "require big", "read denied")} ${flat("require big", "write granted")} }`,
    ],
    (k) => ({ cpu_ms: 30 + ((k * 37) % 200) }),
  ),
  input("a heap that is nearly full while it is loaded", (k) => [
    `var kept = []; try { for (let n = 0; n < ${360 + (k % 40) * 4}; n++) kept.push(new Array(16384).fill(n)); } catch {} undefined`,
    flat("require big", "write granted", "read denied"),
    end(k, "require big"),
  ]),
  input("contents so long that the cell cannot hold them", (k) => [
    `var long = "x".repeat(${2 ** 29 - 25}), wide = "é€".repeat(${1e6 * (1 + (k % 8))}); undefined`,
    `try { fs.writeFileSync(D + "/w", wide); } catch (e) { if (e.name !== "PolicyError") throw e; }`,
    flat("require big"),
    from({ ...at(k), most: 900 }, `try { require("big"); post(wide.slice(0, 2000)); } catch {}`),
    `try { fs.writeFileSync(D + "/w", long); } catch {}`,
  ]),
];
