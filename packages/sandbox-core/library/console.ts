const console: unknown = globalThis.console;

export { console as default, console as "module.exports" };
