/**
 * The rank of no rule, above all others. A rule's rank is its place in the order in which the rules of one operation decide:
 * first the deny rules, then the allow rules, then the allow rules for other operations, which only explain a denial. The least
 * rank that covers a target decides.
 */
export const NO_RANK = 0x3fff_ffff;

/** The patterns of many rules, indexed to find the least rank whose pattern covers a target. */
export interface RankIndex {
  add(pattern: string, rank: number): void;
  /** The least rank that covers a canonical target, if it is less than `below`; else `below`. */
  least(target: string, below: number): number;
}

/** The patterns of many rules, indexed to find the rule nearest to a target that no pattern covers. */
export interface NearIndex {
  add(pattern: string, rank: number): void;
  /** The least rank among the rules nearest to a target. */
  nearest(target: string): number;
}
