import { isCleanText } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import { aDenial } from "../testing/denials.ts";
import { redactTarget } from "./redaction.ts";

test.each([
  ["https://user:hunter2@example.com/x", "https://[redacted]@example.com/x"],
  ["https://tok3n@example.com", "https://[redacted]@example.com"],
  [
    "https://example.com/a?token=abc&page=2#top",
    "https://example.com/a?token=[redacted]&page=[redacted]#top",
  ],
  ["https://example.com/a?abc", "https://example.com/a?[redacted]"],
  ["https://example.com/#access_token=abc", "https://example.com/#access_token=[redacted]"],
  ["example.com:443", "example.com:443"],
  [`https://user:${"p".repeat(2000)}@example.com`, "https://[redacted]…"],
])("of the URL %s remains %s", (target, redacted) => {
  const event = aDenial({ capability: "network", operation: "connect", target });
  expect(redactTarget(event)).toBe(redacted);
});

test.each([
  ["/usr/bin/psql --password=hunter2 -c x", "/usr/bin/psql --password=[redacted] -c x"],
  ["mysql --password hunter2 db", "mysql --password [redacted] db"],
  ["mysql --password\nhunter2\ndb", "mysql --password\\u{a}[redacted]"],
  ["env API_KEY='a b' run", "env API_KEY=[redacted] run"],
  ["run key=abc --verbose", "run key=[redacted] --verbose"],
  [
    'curl -H "Authorization: Bearer abcdefgh1234"',
    'curl -H "Authorization: [redacted] [redacted]"',
  ],
  ["aws AKIAABCDEFGHIJKLMNOP", "aws [redacted]"],
  [`git ghp_${"a".repeat(36)}`, "git [redacted]"],
  ["curl https://example.com/?q=1 -o /home/kim/x", "curl https://example.com/?q=[redacted] -o ~/x"],
  ["/usr/bin/git status", "/usr/bin/git status"],
])("of the command %s remains %s", (target, redacted) => {
  const event = aDenial({ capability: "subprocess", operation: "exec", target });
  expect(redactTarget(event)).toBe(redacted);
});

test.each([
  ["/home/kim/.ssh/id_rsa", "~/.ssh/id_rsa"],
  ["/home/kim smith/x", "~/x"],
  ["/root/.aws/credentials", "~/.aws/credentials"],
  ["/root", "~"],
  ["/rootless/x", "/rootless/x"],
  ["/Users/kim/x", "~/x"],
  ["/srv/home/kim/x", "/srv/home/kim/x"],
  ["/etc/shadow", "/etc/shadow"],
  ["/srv/tokens/a.json", "/srv/tokens/a.json"],
])("of the path %s remains %s", (target, redacted) => {
  expect(redactTarget(aDenial({ target }))).toBe(redacted);
});

test("any target is bounded and clean, and no secret in it survives", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 2000 }),
      fc.constantFrom("network", "subprocess", "filesystem"),
      fc.stringMatching(/^[a-z0-9]{20,30}$/),
      (text, capability, secret) => {
        for (const target of [
          text,
          `https://u:${secret}@h/${text}`,
          `https://h/?token=${secret}&${text}`,
        ]) {
          const redacted = redactTarget({ ...aDenial({ target }), capability });
          expect(isCleanText(redacted, 1024)).toBe(true);
          expect(redacted).not.toContain(secret);
        }
      },
    ),
  );
});

test.each(["-", "pass", "eyJ", "?&", "//@", '"', "--a ", "=:", "/home/", "-----BEGIN "])(
  "a target full of %s takes no time to speak of",
  (unit) => {
    const target = unit.repeat(1024).slice(0, 1024);
    const start = performance.now();
    for (let round = 0; round < 20; round++) redactTarget({ target, capability: "subprocess" });
    // Far above what it takes, and far below what backtracking would.
    expect(performance.now() - start).toBeLessThan(2000);
  },
);
