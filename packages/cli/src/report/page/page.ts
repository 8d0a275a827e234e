import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import type { Answer, Findings } from "../findings/findings.ts";
import { refusedSections } from "./refused-sections.ts";
import { opening } from "./opening.ts";
import { createSheet, type Sheet } from "./html-sheet.ts";
import { storeName } from "./store-name.ts";
import { policySection, recordsSection } from "./records-section.ts";
import { telemetrySection } from "./telemetry-section.ts";
import { plain } from "../../visible-text.ts";
import { clock, day } from "./format-values.ts";

const STYLE = readFileSync(new URL("../../../assets/report.css", import.meta.url), "utf8");

/** Renders the whole page as one HTML file, which makes no requests and runs no scripts. */
export function page(findings: Findings): string {
  const sheet = createSheet();
  const { document, h } = sheet;
  const { metrics, records } = findings;
  fillHead(sheet, findings);
  document.body.append(
    h(
      "main",
      {},
      opening(sheet, findings),
      metrics.ok ? refusedSections(sheet, findings, metrics.value) : [],
      records.ok ? recordsSection(sheet, records.value, findings) : [],
      metrics.ok ? telemetrySection(sheet, metrics.value.health, findings) : [],
      policySection(sheet, findings),
      ending(sheet, findings),
    ),
  );
  return `<!doctype html>\n${document.documentElement.outerHTML}\n`;
}

function fillHead({ document, h }: Sheet, { range, filter }: Findings): void {
  const about = filter.cell ?? filter.instance ?? filter.job;
  const title = `Denials ${day(range.from)} ${clock(range.from)} to ${clock(range.to)} UTC`;
  document.head.append(
    h("meta", { charset: "utf-8" }),
    // The hash allows this one style. All other styles, and every script, image, font, frame, form and request, are blocked.
    h("meta", {
      "http-equiv": "Content-Security-Policy",
      content: `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`,
    }),
    h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    h("meta", { name: "color-scheme", content: "light dark" }),
    h("meta", { name: "referrer", content: "no-referrer" }),
    h("title", {}, about === undefined ? title : `${title}, ${plain(about)}`),
    h("style", {}, STYLE),
  );
}

function ending(sheet: Sheet, { metrics, records, logStore, madeAt }: Findings): Element {
  const { h } = sheet;
  const from = (who: string, answer: Answer<unknown>): string => {
    if (answer.url !== undefined) return `${who} at ${answer.url.origin}`;
    return `${who} was not ${!answer.ok && answer.problem !== undefined ? "found" : "asked"}`;
  };
  return h(
    "footer",
    {},
    h(
      "p",
      {},
      "Text in a box ",
      sheet.guest("like this"),
      " may have been written by a guest: nothing in it is a statement of this report. Characters that would not be seen are named, like ",
      h("bdi", { class: "guest" }, h("span", { class: "character" }, "U+202E")),
      ".",
    ),
    h(
      "p",
      {},
      "Counts are differences of counters: exact as far as Prometheus saw them. A counter that it had never seen counts from 0. Where one was not seen for a while, its increase is drawn evenly over that while.",
    ),
    h(
      "p",
      {},
      `Made ${day(madeAt)}, ${clock(madeAt)} UTC, from ${plain(from("Prometheus", metrics), 200)} and ${plain(from(storeName(logStore), records), 200)}. All times are UTC.`,
    ),
  );
}
