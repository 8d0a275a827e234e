import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Attribute, Event } from "../names.ts";

/** Which records: of one event, of the services and processes chosen, and of what else variables choose. */
export interface Asked {
  readonly event: Event;
  /** Attributes that follow a variable of the dashboard, by its name. */
  readonly follows?: readonly (readonly [attribute: Attribute, variable: string])[];
}

/** A store of records, as Grafana asks it: the same questions, each in the store's own language. */
export interface LogStore {
  /** As people call it. */
  readonly name: string;
  /** What tells its dashboards' files and uids from those of the first store. */
  readonly suffix: string;
  /** By variable: a dashboard names no data source of its own. */
  readonly dataSource: { readonly type: string; readonly uid: string };
  /** That variable. */
  readonly variable: string;
  /** What a variable is while all of it is chosen; Prometheus is asked with it too. */
  readonly all: string;
  /** What its bounds mean for who looks at many series, or at many targets: sentences of descriptions. */
  readonly advice: { readonly manySeries: string; readonly manyTargets: string };
  /** The field in which a table has how bad a record is, in a word. */
  readonly level: string;
  /** What it calls an attribute. */
  readonly fieldOf: (attribute: Attribute) => string;
  /** The records, as a query. */
  records(asked: Asked): string;
  /** The newest of them, so many, with all that they carry. */
  newest(asked: Asked, most: number): Builder<Dataquery>;
  /** The newest of them with these fields only, so that a table has these columns. */
  table(asked: Asked, fields: readonly string[], most: number): Builder<Dataquery>;
  /** Denials by attribute in each step: a record may stand for many, and says for how many. */
  denialsOverTime(by: readonly Attribute[], asked: Asked): Builder<Dataquery>;
  /** The same of all that arrived, again and again included. */
  arrivedOverTime(by: readonly Attribute[], asked: Asked): Builder<Dataquery>;
  /** A mark at each time when a policy began to decide, with its name and hash. */
  policyLoaded(asked: Asked): AnnotationQueryBuilder;
}
