import { createHash } from "node:crypto";

import fc from "fast-check";
import { JSDOM } from "jsdom";
import { expect, test } from "vitest";

import { specimen, type StrangersText } from "../../testing/specimen.ts";
import { page } from "./page.ts";

const ORDINARY: StrangersText = {
  cell: "tenant-a",
  rule: "secrets",
  reason: "explicit_deny",
  target: "/etc/shadow",
  instance: "plugins",
  policy: "plugins",
};

const MARKUP = [
  `</title></style><script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `' onload='alert(1)`,
  `<svg/onload=alert(1)>`,
  `]]><!--`,
  `javascript:alert(1)`,
  `&lt;b&gt;&#x3c;script&#x3e;`,
  `url(//198.51.100.7/)`,
];
const strangers = fc.oneof(
  fc.constantFrom(...MARKUP),
  fc.string({ unit: "binary", minLength: 1, maxLength: 200 }),
  fc.tuple(fc.constantFrom(...MARKUP), fc.string({ unit: "grapheme" })).map((two) => two.join("")),
);

test("whatever text cells, rules, reasons, targets, instances and policies have, no element or attribute comes of it", () => {
  const expected = skeleton(page(specimen(ORDINARY)));
  fc.assert(
    fc.property(
      fc.record({
        cell: strangers,
        rule: strangers,
        reason: strangers,
        target: strangers,
        instance: strangers,
        policy: strangers,
      }),
      (text) => {
        expect(skeleton(page(specimen(text)))).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);

test("a stranger's text stands on the page in full, in a box of its own", () => {
  const target = MARKUP.join(" ").slice(0, 150);
  const { document } = new JSDOM(page(specimen({ ...ORDINARY, target }))).window;
  const boxes = [...document.querySelectorAll("#records bdi.guest")];
  expect(boxes.map(({ textContent }) => textContent)).toEqual([`read:${target}`, `read:${target}`]);
});

test("what a stranger's text hides is named, and how much of it is left out is said outside its box", () => {
  const target = `/\u202Etxt\u001B[2J${"a".repeat(5000)}`;
  const { document } = new JSDOM(page(specimen({ ...ORDINARY, target }))).window;
  const box = document.querySelector("#records bdi.guest");
  expect([...(box?.querySelectorAll(".character") ?? [])].map((each) => each.textContent)).toEqual([
    "U+202E",
    "U+001B",
  ]);
  expect(box?.nextElementSibling?.textContent).toBe(" +4854 characters");
});

test("the page lets in its own style and nothing else", () => {
  const { document } = new JSDOM(page(specimen(ORDINARY))).window;
  const policy = document
    .querySelector(`meta[http-equiv="Content-Security-Policy"]`)
    ?.getAttribute("content");
  const styles = [...document.querySelectorAll("style")];
  expect(styles).toHaveLength(1);
  const hash = createHash("sha256")
    .update(styles[0]?.textContent ?? "")
    .digest("base64");
  expect(policy).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
  );
  expect(document.querySelectorAll("script, link, img, iframe, form, [style], [src]")).toHaveLength(
    0,
  );
});

test("each table has a caption, each drawing a name or none to tell, each section a heading, each id is one", () => {
  const { document } = new JSDOM(page(specimen(ORDINARY))).window;
  for (const table of document.querySelectorAll("table"))
    expect(table.caption?.textContent?.trim()).toBeTruthy();
  for (const drawing of document.querySelectorAll("svg"))
    expect(drawing.getAttribute("aria-label") ?? drawing.getAttribute("aria-hidden")).toBeTruthy();
  for (const section of document.querySelectorAll("section[aria-labelledby]"))
    expect(section.querySelector("h2")?.id).toBe(section.getAttribute("aria-labelledby"));
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const links = [...document.querySelectorAll("a")].map((link) => link.getAttribute("href") ?? "");
  for (const href of links) expect(ids).toContain(href.slice(1));
});

/** Elements and their attributes, without what tells only of characters and of lengths. */
function skeleton(html: string): string[] {
  const { document } = new JSDOM(html).window;
  return [...document.querySelectorAll("*")]
    .filter(({ className }) => className !== "character" && className !== "cut")
    .map((element) => {
      const attributes = element
        .getAttributeNames()
        .filter((name) => name !== "aria-label")
        .map((name) => `${name}=${element.getAttribute(name)}`);
      return [element.localName, ...attributes].join(" ");
    });
}
