/** Folders, each with the operations that are allowed on all below it. What ends in `/.env` is denied in any. */
export type Tenants = readonly {
  readonly prefix: string;
  readonly operations: readonly string[];
}[];

/** Another engine that decides by a policy. */
export interface Engine {
  readonly name: string;
  /** Prepares a policy. @returns its verdict on an operation and a path. */
  decider(tenants: Tenants): Promise<(operation: string, target: string) => boolean>;
}

export function tenantsOf(size: number): Tenants {
  return Array.from({ length: size }, (_, at) => ({
    prefix: `/srv/tenants/t${at}/data/`,
    operations: at % 2 === 0 ? ["read", "list"] : ["read", "write"],
  }));
}
