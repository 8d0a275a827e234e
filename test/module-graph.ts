import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { ROOT } from "./tarballs.ts";

/** The packages whose code a fresh process has loaded once it has imported a built file, sorted. */
export async function packagesLoadedBy(file: string): Promise<string[]> {
  return packagesOf(
    await inFreshProcess(`await import(${JSON.stringify(fileUrl(file))}); report();`),
  );
}

/** The packages whose code a fresh process has loaded once a program in this folder has imported a package by its name, sorted. */
export async function packagesImportedIn(folder: string, specifier: string): Promise<string[]> {
  const source = `await import(${JSON.stringify(specifier)}); report();`;
  return packagesOf(await inFreshProcess(source, folder));
}

/**
 * The packages in the static import graph of a built file, sorted. Nothing of it runs, so it may be a program.
 * What a CommonJS file would require is not seen.
 */
export async function packagesLinkedBy(file: string): Promise<string[]> {
  // A module's whole graph is loaded before any of it is evaluated, and the first import is evaluated first:
  // here it reports and exits, so the file itself is linked and never run.
  const first = dataUrl("globalThis.report()");
  const entry = dataUrl(
    `import ${JSON.stringify(first)}; import ${JSON.stringify(fileUrl(file))};`,
  );
  return packagesOf(await inFreshProcess(`await import(${JSON.stringify(entry)});`));
}

async function inFreshProcess(source: string, folder: string = ROOT): Promise<string[]> {
  const program = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({
      load(url, context, next) {
        loaded.push(url);
        return next(url, context);
      },
    });
    globalThis.report = () => {
      process.stdout.write(JSON.stringify(loaded));
      process.exit(0);
    };
    ${source}`;
  const args = ["--no-node-snapshot", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  return JSON.parse(stdout) as string[];
}

function packagesOf(urls: readonly string[]): string[] {
  const names = urls
    .filter((url) => url.startsWith("file:"))
    .map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? workspaceName(url));
  return [...new Set(names)].toSorted();
}

function workspaceName(url: string): string {
  const folder = /\/packages\/([^/]+)\//.exec(url)?.[1];
  if (folder === undefined) throw new Error(`${url} is in no package`);
  return `@pyisolate/${folder}`;
}

function fileUrl(file: string): string {
  return new URL(file, `file://${path.join(ROOT, "/")}`).href;
}

function dataUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
