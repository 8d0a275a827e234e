import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";

/** Reads a file of text. @throws Error that names the file, if it cannot be read. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw named(file, error);
  }
}

/** Reads a file's bytes piece by piece. @param file `-` for standard input. @throws Error that names the file, if it cannot be read. */
export async function* readBytes(file: string): AsyncGenerator<Buffer> {
  const bytes: AsyncIterable<Buffer> = file === "-" ? process.stdin : createReadStream(file);
  try {
    yield* bytes;
  } catch (error) {
    throw named(file, error);
  }
}

/** Node names the file only if it cannot be opened, and not if it cannot be read, as a folder. */
function named(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || "path" in error) return error;
  return new Error(`${file === "-" ? "standard input" : file}: ${error.message}`, { cause: error });
}
