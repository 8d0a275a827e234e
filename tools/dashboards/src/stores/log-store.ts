import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Attribute, Event } from "../names.ts";

/** Which records: of one event, of the services and processes chosen, and of what else variables choose. */
export interface RecordsQuery {
  readonly event: Event;
  /** Attributes that follow a variable of the dashboard, by its name. */
  readonly follows?: readonly (readonly [attribute: Attribute, variable: string])[];
}

/** A store of records, as Grafana asks it: the same questions, each in the store's own language. */
export interface LogStore {
  /** The store's name in titles and texts. */
  readonly name: string;
  /** The suffix of its dashboards' files and uids. */
  readonly suffix: string;
  /** By variable: a dashboard names no data source of its own. */
  readonly dataSource: { readonly type: string; readonly uid: string };
  /** The variable of the data source. */
  readonly variable: string;
  /** The value of a variable when all is chosen. Queries to Prometheus use it too. */
  readonly all: string;
  /** Sentences for panels' descriptions: what the store's bounds mean for many series, or for many targets. */
  readonly advice: { readonly manySeries: string; readonly manyTargets: string };
  /** The field in which a table has how bad a record is, in a word. */
  readonly level: string;
  /** The store's name for an attribute. */
  readonly fieldOf: (attribute: Attribute) => string;
  /** A query for the records. */
  records(asked: RecordsQuery): string;
  /** A query for the newest records, with all their fields. */
  newest(asked: RecordsQuery, most: number): Builder<Dataquery>;
  /** A query for the newest records with these fields only, so that a table has these columns. */
  table(asked: RecordsQuery, fields: readonly string[], most: number): Builder<Dataquery>;
  /** Denials by attribute in each step: a record may stand for many, and says for how many. */
  denialsOverTime(by: readonly Attribute[], asked: RecordsQuery): Builder<Dataquery>;
  /** The same with repeated records counted each time that they arrived. */
  arrivedOverTime(by: readonly Attribute[], asked: RecordsQuery): Builder<Dataquery>;
  /** A mark at each time when a policy began to decide, with its name and hash. */
  policyLoaded(asked: RecordsQuery): AnnotationQueryBuilder;
}
