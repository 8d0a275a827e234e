// The clock that is global too. What measures a process is not there.
const performance: unknown = globalThis.performance;

export { performance };
