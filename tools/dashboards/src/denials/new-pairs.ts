import { ATTRIBUTES } from "@pyisolate/telemetry";
import { groupsOf, sumBy } from "../promql.ts";
import { denials } from "../selectors.ts";

const PAIR = [ATTRIBUTES.policyRule, ATTRIBUTES.reason];

/**
 * Rules and reasons of the last day that the 6 days before did not have, with how many denials. The query asks
 * whether a series exists, and not by how much it rose: a pair with a single denial never rises.
 */
export const newPairs = `${sumBy(PAIR, `last_over_time(${denials}[24h])`)} unless ${groupsOf(
  PAIR,
  `last_over_time(${denials}[6d] offset 24h)`,
)}`;
