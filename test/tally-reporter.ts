import { writeFileSync } from "node:fs";
import path from "node:path";

import type {
  Reporter,
  SerializedError,
  TestCase,
  TestModule,
  TestSuite,
  Vitest,
} from "vitest/node";

import type { Tally } from "./verdict.ts";

/** The environment variable that names the file to write the tally to. */
export const TALLY_VARIABLE = "PYISOLATE_TALLY";

/** Counts what happened, for the closing line of `run.ts`; prints nothing. vitest wants it as the default export. */
export default class TallyReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env[TALLY_VARIABLE];
    if (file === undefined) return;
    const tests = modules
      .flatMap((module) => [...module.children.allTests()])
      .filter((test) => this.#isSelected(test));
    const inState = (state: string): TestCase[] =>
      tests.filter((test) => test.result().state === state);
    const tally: Tally = {
      passed: inState("passed").length,
      failed: [
        ...inState("failed").map(named),
        ...inState("pending").map((test) => `${named(test)}: did not finish`),
      ],
      skipped: inState("skipped").map((test) => ({ name: named(test), reason: reasonOf(test) })),
      errors: [
        ...modules.flatMap((module) => [module, ...module.children.allSuites()].flatMap(ownFaults)),
        ...unhandled.map((error) => `unhandled error: ${firstLine(error.message)}`),
      ],
    };
    // Synchronous: vitest may end its process as soon as this returns.
    writeFileSync(file, JSON.stringify(tally));
  }

  /** Whether `-t` lets the test run: vitest itself calls the ones it leaves out "skipped". */
  #isSelected(test: TestCase): boolean {
    const pattern = this.#vitest?.config.testNamePattern;
    return pattern === undefined || pattern.test(names(test).join(" "));
  }
}

/** Errors outside any test: the file's or suite's own loading and hooks. */
function ownFaults(owner: TestModule | TestSuite): string[] {
  const name = owner.type === "module" ? fileOf(owner) : named(owner);
  return owner.errors().map((error) => `${name}: ${firstLine(error.message)}`);
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  if (note !== undefined) return note;
  const owners = [test.module, ...suitesOf(test)];
  return owners.some((owner) => owner.errors().length > 0) ? "its suite failed" : "no reason given";
}

function named(test: TestCase | TestSuite): string {
  return [fileOf(test.module), ...names(test)].join(" > ");
}

function names(test: TestCase | TestSuite): string[] {
  return [...suitesOf(test).map((suite) => suite.name), test.name];
}

/** The suites around a test, outermost first. */
function suitesOf(test: TestCase | TestSuite): TestSuite[] {
  return test.parent.type === "module" ? [] : [...suitesOf(test.parent), test.parent];
}

function fileOf(module: TestModule): string {
  return path.relative(path.resolve(import.meta.dirname, ".."), module.moduleId);
}

function firstLine(message: string | undefined): string {
  return message?.split("\n", 1)[0] ?? "no message";
}
