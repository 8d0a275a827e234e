import fc from "fast-check";
import { expect, test } from "vitest";

import { repositoryPage, UnusableAddressError } from "./repository-address.ts";

test.each([
  "https://github.com/team/sandbox",
  "https://github.com/team/sandbox.git",
  "https://github.com/team/sandbox.git/",
  "https://GitHub.com/team/sandbox?private_token=s3cret#main",
  "http://github.com/team/sandbox.git",
  "git+https://github.com/team/sandbox.git",
  "git+ssh://git@github.com/team/sandbox.git",
  "git://github.com/team/sandbox.git",
  "ssh://git@github.com/team/sandbox.git",
  "ssh://git@github.com:22/team/sandbox.git",
  "ssh://git@ssh.github.com:443/team/sandbox.git",
  "git@github.com:team/sandbox.git",
  "git@github.com:/team/sandbox",
  "github.com:team/sandbox.git",
  " git@github.com:team/sandbox.git\n",
])("%s is the repository at https://github.com/team/sandbox", (address) => {
  expect(repositoryPage(address)).toBe("https://github.com/team/sandbox");
});

test.each([
  [
    "git@gitlab.example.com:group/inner/sandbox.git",
    "https://gitlab.example.com/group/inner/sandbox",
  ],
  ["git@git.sr.ht:~user/sandbox", "https://git.sr.ht/~user/sandbox"],
  ["https://git.example.com:8443/team/sandbox.git", "https://git.example.com:8443/team/sandbox"],
  ["ssh://git@git.example.com:2222/team/sandbox.git", "https://git.example.com/team/sandbox"],
  ["https://git.example.com/sandbox", "https://git.example.com/sandbox"],
])("%s is on a host of its own: %s", (address, page) => {
  expect(repositoryPage(address)).toBe(page);
});

test.each([
  ["", /is a folder/],
  ["/srv/git/sandbox.git", /is a folder/],
  ["../sandbox", /is a folder/],
  ["file:///srv/git/sandbox.git", /is a folder/],
  ["team/sandbox", /is a folder/],
  ["github:team/sandbox", /host that only one machine/],
  ["git@work-alias:team/sandbox.git", /host that only one machine/],
  ["https://localhost/team/sandbox", /host that only one machine/],
  ["https://git.localhost/team/sandbox", /host that only one machine/],
  ["https://nas.local./team/sandbox", /host that only one machine/],
  ["https://10.0.0.7/team/sandbox", /host that only one machine/],
  ["https://2130706433/team/sandbox", /host that only one machine/],
  ["git@[2001:db8::7]:team/sandbox", /host that only one machine|cannot be read/],
  ["http://127.0.0.1:43211/git/team/sandbox", /http on a port of its own/],
  ["https://github.com", /no repository/],
  ["https://github.com/.git", /no repository/],
  ["git@github.com:", /no repository/],
  ["https://github com/team/sandbox", /cannot be read/],
  ["user:s3cret@github.com:team/sandbox", /password may stand there|only one machine/],
])("%s cannot stand in a manifest", (address, why) => {
  expect(() => repositoryPage(address)).toThrow(why);
  expect(() => repositoryPage(address)).toThrow(UnusableAddressError);
});

test("no part of a password gets into a page or an error, in whatever form an address has it", () => {
  const secret = fc
    .string({ unit: fc.constantFrom(..."abcXYZ019:/?#@%.- "), minLength: 1, maxLength: 24 })
    .map((text) => `Hush${text}Hush`);
  const form = fc.constantFrom(
    (password: string) => `https://user:${password}@github.com/team/sandbox.git`,
    (password: string) => `https://${password}@github.com/team/sandbox.git`,
    (password: string) => `ssh://git:${password}@github.com/team/sandbox.git`,
    (password: string) => `user:${password}@github.com:team/sandbox.git`,
    (password: string) => `${password}@github.com:team/sandbox.git`,
    (password: string) => `https://github.com/team/sandbox.git?token=${password}`,
    (password: string) => `https://github.com/team/sandbox.git#${password}`,
  );
  fc.assert(
    fc.property(secret, form, (password, withPassword) => {
      expect(outcome(withPassword(password))).not.toMatch(/hush/i);
    }),
    { numRuns: 2_000 },
  );
});

function outcome(address: string): string {
  try {
    return repositoryPage(address);
  } catch (error) {
    if (error instanceof UnusableAddressError) return error.message;
    throw error;
  }
}
