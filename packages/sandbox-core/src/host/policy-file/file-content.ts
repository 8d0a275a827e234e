import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";

import { InvalidPolicyError, parsePolicy, type Policy } from "@pyisolate/policy";

import { thrownText } from "../thrown-text.ts";

/** One byte more than a policy may have: a longer file is then refused for its length. */
const MAX_BYTES = 2_097_153;

/** Most mistakes of a file that a warning lists. */
const MAX_SHOWN = 10;

/** What a policy file holds at one moment. */
export interface FileContent {
  /** Equal for equal content. */
  readonly key: string;
  /** Reads it as a policy. @returns why it is not one. */
  policy(): Policy | string;
}

/** Reads a policy file. A file that cannot be read is a content too: why it cannot. Never rejects. */
export async function fileContent(path: string): Promise<FileContent> {
  let bytes: Buffer;
  try {
    bytes = await bytesOf(path);
  } catch (error) {
    const why = `it cannot be read: ${thrownText(error)}`;
    return { key: why, policy: () => why };
  }
  return {
    key: createHash("sha256").update(bytes).digest("hex"),
    policy: () => policyOf(bytes),
  };
}

async function bytesOf(path: string): Promise<Buffer> {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer, and take a thread of the service for as long.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new Error("it is not a regular file");
    const buffer = Buffer.allocUnsafe(MAX_BYTES);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    // A copy, so that a small policy does not hold the whole buffer.
    return Buffer.from(buffer.subarray(0, length));
  } finally {
    await file.close();
  }
}

function policyOf(bytes: Buffer): Policy | string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return "it is not UTF-8 text; save it as UTF-8";
  }
  try {
    return parsePolicy(text);
  } catch (error) {
    return error instanceof InvalidPolicyError ? mistakesOf(error) : thrownText(error);
  }
}

function mistakesOf({ issues }: InvalidPolicyError): string {
  const shown = issues.slice(0, MAX_SHOWN).map(({ path, line, message }) => {
    const place = line === undefined ? "" : `line ${line}: `;
    return `\n  ${place}${path === "" ? "" : `${path}: `}${message}`;
  });
  const more = issues.length - shown.length;
  const count = `${issues.length} ${issues.length === 1 ? "mistake" : "mistakes"}`;
  return `it has ${count}:${shown.join("")}${more > 0 ? `\n  and ${more} more` : ""}`;
}
