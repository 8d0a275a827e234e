import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkPlacement,
  type Panel,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** A panel, or its builder. */
export interface PanelBuilder {
  build(): Panel;
}

/** A row of a dashboard: its heading and its panels, from left to right, 24 columns a line. */
export interface Band {
  readonly id: number;
  readonly title: string;
  readonly panels: readonly PanelBuilder[];
}

/** A dashboard without panels, with its uid, links and variables. */
export function page(uid: string, title: string, description: string): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(["pyisolate"])
    .readonly()
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: "now-1h", to: "now" })
    .refresh("1m");
}

/** Adds the rows to a page, one under the other. */
export function withBands(dashboard: DashboardBuilder, bands: readonly Band[]): Dashboard {
  for (const { id, title, panels } of bands) {
    dashboard.withRow(new RowBuilder(title).id(id));
    for (const panel of panels) dashboard.withPanel(panel);
  }
  return plain(dashboard.build());
}

// The SDK would put every link and annotation into a menu, where they are not seen.
function plain(dashboard: Dashboard): Dashboard {
  return JSON.parse(
    JSON.stringify(dashboard, (key, value: unknown) =>
      key === "placement" && value === DashboardLinkPlacement.InControlsMenu ? undefined : value,
    ),
  ) as Dashboard;
}
