import { PassThrough } from "node:stream";
import { WriteStream } from "node:tty";

import { afterEach, expect, test, vi } from "vitest";

import { createTerminal } from "./terminal.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a terminal gets colours, and a pipe gets none, whatever the environment says", () => {
  vi.stubEnv("NO_COLOR", undefined);
  vi.stubEnv("FORCE_COLOR", "1");
  const [screen, file] = [recorder(true), recorder(false)];
  const terminal = createTerminal(screen, file);
  terminal.out("granted", "good");
  terminal.note("refused", "bad");
  expect(screen.text()).toBe("\u001B[32mgranted\u001B[39m\n");
  expect(file.text()).toBe("refused\n");
});

test("a terminal whose user wants no colour gets none", () => {
  vi.stubEnv("FORCE_COLOR", undefined);
  vi.stubEnv("NO_COLOR", "1");
  const screen = recorder(true);
  createTerminal(screen, screen).out("granted", "good");
  expect(screen.text()).toBe("granted\n");
});

test("each line is escaped by itself: a text brings no escape sequence and hides nothing", () => {
  const screen = recorder(false);
  createTerminal(screen, screen).out("one\u001B[31m\ntwo\u202E\rthree");
  expect(screen.text()).toBe("one<U+001B>[31m\ntwo<U+202E><U+000D>three\n");
});

test("a line of a megabyte is cut", () => {
  const screen = recorder(false);
  createTerminal(screen, screen).note("x".repeat(1_000_000));
  expect(screen.text().length).toBeLessThan(5000);
});

test("JSON is ASCII, and the same value when it is read again", () => {
  const screen = recorder(false);
  const value = { target: "/tmp/\u202E\u001B[2J\u{1F600}é", count: 3 };
  createTerminal(screen, screen).json(value);
  expect(screen.text()).toMatch(/^[\n -~]*$/);
  expect(JSON.parse(screen.text())).toEqual(value);
});

/** A stream that remembers; as a terminal it tells of colours as a real one does, by the environment. */
function recorder(isTTY: boolean): PassThrough & { text(): string } {
  let all = "";
  const stream = new PassThrough();
  stream.on("data", (part: Buffer) => (all += part.toString()));
  const { getColorDepth } = WriteStream.prototype;
  return Object.assign(stream, { isTTY, getColorDepth, text: () => all });
}
