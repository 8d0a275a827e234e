import type ivm from "isolated-vm";

// Stands for isolated-vm in the bundle. Its own entry looks for the addon by reading package.json files and folders, which a confined
// cell may not; the host has found it, and names it on the command line.
const [, , addon = ""] = process.argv;
const loaded = { exports: {} as { readonly ivm: typeof ivm } };
process.dlopen(loaded, addon);

// oxlint-disable-next-line import/no-default-export -- as isolated-vm has it
export default loaded.exports.ivm;
