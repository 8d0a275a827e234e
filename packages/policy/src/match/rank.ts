/**
 * A rule's place in the order in which the rules of one operation decide: the deny rules, the allow rules, then those that
 * cover the target for another operation only. The least rank that covers a target decides.
 */
export const NO_RANK = 0x3fff_ffff;

/** The patterns of many rules, made ready to find the least rank whose pattern covers a target. */
export interface RankIndex {
  add(pattern: string, rank: number): void;
  /** The least rank that covers a canonical target and is below another; that other where there is none. */
  least(target: string, below: number): number;
}

/** The patterns of many rules, made ready to find the rule that comes nearest to a target that none covers. */
export interface NearIndex {
  add(pattern: string, rank: number): void;
  /** Of the rules nearest to a target, the least rank. */
  nearest(target: string): number;
}
