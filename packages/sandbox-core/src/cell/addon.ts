import type ivm from "isolated-vm";

// The bundle uses this file in place of isolated-vm's own entry. That entry finds the addon by reading package.json files and
// folders, which a confined cell may not read. The host has found the addon already and names it on the command line.
const [, , addon = ""] = process.argv;
const loaded = { exports: {} as { readonly ivm: typeof ivm } };
process.dlopen(loaded, addon);

// oxlint-disable-next-line import/no-default-export -- as isolated-vm has it
export default loaded.exports.ivm;
