/** A policy that lets guests import `node:fs` and read what the pattern covers, with limits that no bench reaches. */
export function readingPolicy(pattern: string, limits: Readonly<Record<string, number>> = {}) {
  return {
    version: 1,
    name: "bench",
    rules: [
      { id: "std", effect: "allow", capability: "import", modules: ["node:fs"] },
      {
        id: "data",
        effect: "allow",
        capability: "filesystem",
        operations: ["read"],
        paths: [pattern],
      },
    ],
    limits: { calls: 100_000_000, cpu_ms: 600_000, wall_ms: 600_000, ...limits },
  };
}
