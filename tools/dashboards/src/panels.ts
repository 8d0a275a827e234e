import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  LogsSortOrder,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { FieldColorBuilder, FieldColorModeId } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as Logs } from "@grafana/grafana-foundation-sdk/logs";
import { PanelBuilder as Stat } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as Table } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeSeries } from "@grafana/grafana-foundation-sdk/timeseries";
import { PROMETHEUS } from "./data-sources.ts";
import type { LogStore } from "./stores/log-store.ts";
import { goodAtZero } from "./thresholds.ts";

/** What every panel has. */
export interface Sign {
  /** Unique in its dashboard, and never given to another panel: links and people keep it. */
  readonly id: number;
  readonly title: string;
  /** What it shows and what to do about it. */
  readonly description: string;
}

/** One number, for the top row. */
export function stat({ id, title, description }: Sign): Stat {
  return new Stat()
    .id(id)
    .title(title)
    .description(description)
    .datasource(PROMETHEUS)
    .span(4)
    .height(4)
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .thresholds(goodAtZero());
}

/** Lines, for a level over time. */
export function lines({ id, title, description }: Sign): TimeSeries {
  return (
    new TimeSeries()
      .id(id)
      .title(title)
      .description(description)
      .datasource(PROMETHEUS)
      .span(8)
      .height(8)
      .drawStyle(GraphDrawStyle.Line)
      .lineWidth(1)
      .fillOpacity(10)
      .min(0)
      // A rule, a reason, a cell has one color in every panel.
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
      .legend(
        new VizLegendOptionsBuilder()
          .showLegend(true)
          .displayMode(LegendDisplayMode.List)
          .placement(LegendPlacement.Bottom),
      )
      .tooltip(
        new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
      )
  );
}

/**
 * Stacked bars, for events: each event is in the bar of its step alone. Services export once a minute: with
 * shorter steps most bars would be empty and the others too high.
 */
export function bars(sign: Sign): TimeSeries {
  return lines(sign)
    .interval("1m")
    .drawStyle(GraphDrawStyle.Bars)
    .lineWidth(0)
    .fillOpacity(80)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"));
}

/** A table. Its cells are text, so that a guest's text is never rendered as HTML. */
export function table({ id, title, description }: Sign): Table {
  return new Table()
    .id(id)
    .title(title)
    .description(description)
    .datasource(PROMETHEUS)
    .span(8)
    .height(8)
    .filterable(true)
    .inspect(true);
}

/** Log records, as text. */
export function logs({ dataSource }: LogStore, { id, title, description }: Sign): Logs {
  return new Logs()
    .id(id)
    .title(title)
    .description(description)
    .datasource(dataSource)
    .span(24)
    .height(10)
    .showTime(true)
    .wrapLogMessage(true)
    .prettifyLogMessage(false)
    .enableLogDetails(true)
    .sortOrder(LogsSortOrder.Descending);
}
