import type { Prometheus, VictoriaLogs } from "@pyisolate/stack";
import type { Annotation, Dashboard, Panel, Target, Variable } from "./dashboard.ts";
import { putIntoLogsql, sortedByPlugin } from "./plugin.ts";

/** Values of a variable, or all that there are. */
export type Chosen = Readonly<Record<string, "all" | readonly string[]>>;

/** A time range. */
export interface Range {
  readonly from: Date;
  readonly to: Date;
}

/** One row or series of an answer: what it is called by, and when it was what. */
export interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

/** What Grafana's scrape interval is set to, seconds; steps are no shorter. */
const SCRAPE = 15;

/** Asks as Grafana asks, with its variables put in as its data sources put them in. */
export class Grafana {
  readonly #prometheus: Prometheus;
  readonly #store: VictoriaLogs;

  constructor(prometheus: Prometheus, store: VictoriaLogs) {
    this.#prometheus = prometheus;
    this.#store = store;
  }

  /** What there is to choose, in the order of the variables, each under those before it. */
  async options(
    dashboard: Dashboard,
    range: Range,
    chosen: Chosen = {},
  ): Promise<Map<string, string[]>> {
    const options = new Map<string, string[]>();
    for (const variable of dashboard.templating.list) {
      if (variable.type !== "query") continue;
      const query = interpolate(variable.query ?? "", {
        dashboard,
        options,
        chosen,
        range,
        step: SCRAPE,
      });
      options.set(variable.name, await this.#values(query, variable, range));
    }
    return options;
  }

  /** A panel's answers, one for each query. */
  async panel(dashboard: Dashboard, panel: Panel, chosen: Chosen, range: Range): Promise<Row[][]> {
    const options = await this.options(dashboard, range, chosen);
    const step = panel.interval === "1m" ? 60 : SCRAPE;
    const answers: Row[][] = [];
    for (const target of panel.targets ?? []) {
      const expr = put(target, target.expr, { dashboard, options, chosen, range, step });
      answers.push(await this.#ask(target, expr, range, step));
    }
    return answers;
  }

  /** An annotation's points in time. */
  async annotation(dashboard: Dashboard, annotation: Annotation, range: Range): Promise<Row[]> {
    const options = await this.options(dashboard, range);
    const { expr, datasource } = annotation;
    const step = 60;
    const target: Target = { refId: "A", queryType: "instant", expr, datasource };
    const text = put(target, expr, { dashboard, options, chosen: {}, range, step });
    // Prometheus is asked over the range.
    const { queryType: _, ...overRange } = target;
    return await this.#ask(
      datasource.type === "prometheus" ? overRange : target,
      text,
      range,
      step,
    );
  }

  async #ask(target: Target, expr: string, range: Range, step: number): Promise<Row[]> {
    if (target.datasource.type === "prometheus") {
      return target.instant === true
        ? rows(await this.#prometheusApi("query", { query: expr, time: seconds(range.to) }))
        : rows(
            await this.#prometheusApi("query_range", {
              query: expr,
              start: seconds(range.from),
              end: seconds(range.to),
              step: String(step),
            }),
          );
    }
    if (target.datasource.type !== "victoriametrics-logs-datasource")
      throw new Error(`${target.datasource.type} does not run here`);
    if (target.queryType === "statsRange") return await this.#store.series(expr, range, step);
    const records = await this.#store.records(sortedByPlugin(expr), range, target.maxLines ?? 50);
    return records.map(({ line, fields, timeUnixNano }) => ({
      // Where a table looks for columns; the line it has of its own.
      labels: line === "" ? fields : { ...fields, Line: line },
      points: [[Number(timeUnixNano / 1_000_000_000n), 1] as const],
    }));
  }

  async #values(query: string, { regex }: Variable, range: Range): Promise<string[]> {
    const [, selector = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
    const answer = await this.#prometheusApi(`label/${label}/values`, {
      "match[]": selector,
      start: seconds(range.from),
      end: seconds(range.to),
    });
    const pattern = regex === undefined ? /(.*)/ : new RegExp(regex.slice(1, -1));
    return (answer as string[]).map((value) => pattern.exec(value)?.[1] ?? value);
  }

  async #prometheusApi(path: string, parameters: Record<string, string>): Promise<unknown> {
    const url = `${this.#prometheus.url}/api/v1/${path}?${String(new URLSearchParams(parameters))}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    const answer = (await response.json()) as { status: string; error?: string; data: unknown };
    if (answer.status !== "success") throw new Error(`${answer.error} in ${url}`);
    return answer.data;
  }
}

function rows(data: unknown): Row[] {
  type Pair = readonly [number, string];
  const { result } = data as {
    result: { metric: Record<string, string>; value?: Pair; values?: Pair[] }[];
  };
  return result.map(({ metric, value, values }) => ({
    labels: metric,
    points: (values ?? (value === undefined ? [] : [value]))
      .map(([time, number]) => [time, Number(number)] as const)
      .filter(([, number]) => !Number.isNaN(number)),
  }));
}

interface Scope {
  readonly dashboard: Dashboard;
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly chosen: Chosen;
  readonly range: Range;
  readonly step: number;
}

/** Puts variables into a query, as its data source does. */
function put({ datasource }: Target, expr: string, scope: Scope): string {
  if (datasource.type === "prometheus") return interpolate(expr, scope);
  return putIntoLogsql(expr, (name) => {
    const variable = scope.dashboard.templating.list.find((each) => each.name === name);
    if (variable === undefined) throw new Error(`There is no variable ${name}: ${expr}`);
    const options = scope.options.get(name) ?? [];
    return { variable, values: scope.chosen[name] ?? "all", options };
  });
}

function interpolate(expr: string, { dashboard, options, chosen, range, step }: Scope): string {
  const length = Math.round((range.to.getTime() - range.from.getTime()) / 1000);
  const builtIn: Record<string, string> = {
    __interval: `${step}s`,
    __interval_ms: String(step * 1000),
    __rate_interval: `${Math.max(step + SCRAPE, 4 * SCRAPE)}s`,
    __range: `${length}s`,
  };
  return expr.replaceAll(/\$(\w+)/g, (_, name: string) => {
    const fixed = builtIn[name];
    if (fixed !== undefined) return fixed;
    const variable = dashboard.templating.list.find((each) => each.name === name);
    if (variable === undefined) throw new Error(`There is no variable ${name}: ${expr}`);
    const values = chosen[name] ?? "all";
    if (values !== "all") return anyOf(values);
    const { allValue = "" } = variable;
    return allValue === "" ? anyOf(options.get(name) ?? []) : allValue;
  });
}

// As the data source writes it into a quoted string.
function anyOf(values: readonly string[]): string {
  const escaped = values.map((value) =>
    value.replaceAll("\\", "\\\\\\\\").replaceAll(/[$^*{}[\]'+?.()|]/g, String.raw`\\$&`),
  );
  return escaped.length === 1 ? (escaped[0] ?? "") : `(${escaped.join("|")})`;
}

function seconds(date: Date): string {
  return String(date.getTime() / 1000);
}
