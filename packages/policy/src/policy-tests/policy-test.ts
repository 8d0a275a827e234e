import type { Request } from "../request.ts";

/** A request, and how a policy should decide it. */
export interface PolicyTest {
  /** What the test says about the policy; the request in words if it has no name. */
  readonly name: string;
  readonly request: Request;
  readonly effect: "allow" | "deny";
  /** The id of the rule that should decide, or `default`; undefined if any may. */
  readonly rule?: string;
  /** The line in the text, from 1; undefined if the tests were given as an object. */
  readonly line?: number;
}
