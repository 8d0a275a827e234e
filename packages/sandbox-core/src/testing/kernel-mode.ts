/** Whether the guards' tests run in cells that the kernel confines: all do, and `unconfined.test.ts` runs them again without. */
export const kernelMode: { kernel: "off" | "prefer" } = { kernel: "prefer" };
