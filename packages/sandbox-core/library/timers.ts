import * as timers from "#runtime";

const { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } =
  timers;

const module = {
  setTimeout,
  clearTimeout,
  setImmediate,
  clearImmediate,
  setInterval,
  clearInterval,
  get promises() {
    return require("./timers-promises.ts") as typeof import("./timers-promises.ts");
  },
};

export { module as default, module as "module.exports" };
