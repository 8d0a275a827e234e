import { X509Certificate } from "node:crypto";

import { cleanText } from "@pyisolate/policy";
import { mustBe, type OptionCheck } from "@pyisolate/policy/options";

const BLOCK = /-----BEGIN ([^\r\n-]{0,64})-----[^]*?-----END \1-----/g;

/** The labels under which OpenSSL reads a certificate. */
const LABELS: readonly string[] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

const isText = mustBe("PEM text of certificates", (value) => typeof value === "string");

/**
 * Checks that every block of a PEM text is a certificate that parses. OpenSSL skips other blocks silently, so a guest's `fetch`
 * would trust fewer certificates than the host meant. The text also goes to the cell, which must not get a private key.
 */
export const certificates: OptionCheck = (value) => {
  if (typeof value !== "string") return isText(value);
  const blocks = [...value.matchAll(BLOCK)];
  if (blocks.length === 0) return "must be PEM text of certificates, and holds none";
  const other = blocks.find(([, label = ""]) => !LABELS.includes(label));
  if (other !== undefined) {
    return `must be PEM text of certificates only, and holds a block "${cleanText(other[1] ?? "", 64)}"`;
  }
  const broken = blocks.findIndex(([block]) => !parses(block));
  if (broken !== -1) return `cannot be read: certificate ${broken + 1} of ${blocks.length}`;
  const begun = value.split("-----BEGIN ").length - 1;
  return begun === blocks.length ? undefined : "cannot be read: a block has no end";
};

function parses(block: string): boolean {
  try {
    return new X509Certificate(block).subject !== undefined;
  } catch {
    return false;
  }
}
