import fc from "fast-check";
import { expect, test } from "vitest";

import { logSelector, logsqlFilter, metricSelector, quoted } from "./selector.ts";

test("any text is one string of PromQL, LogsQL and LogQL, and means itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const string = quoted(text);
      expect(string).toMatch(/^"(?:[^"\\\n]|\\["\\]|\\x[0-9a-f]{2})*"$/);
      const back = string
        .slice(1, -1)
        .replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex?: string, plain?: string) =>
          hex === undefined ? (plain ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
        );
      expect(back).toBe(text.toWellFormed());
    }),
  );
});

test("without a filter everything is asked for", () => {
  expect(metricSelector("m_total", {})).toBe("m_total");
  expect(logSelector("pyisolate.denial", {})).toBe(
    `{service_name=~".+"} | event_name="pyisolate.denial"`,
  );
  expect(logsqlFilter("pyisolate.denial", {})).toBe(`event_name:="pyisolate.denial"`);
});

test("a filter narrows each metric by what it tells apart, and records by all of it", () => {
  const filter = { job: "shop/plugins", instance: "i-1", cell: `a"b` };
  expect(metricSelector("m_total", filter)).toBe(`m_total{job="shop/plugins",instance="i-1"}`);
  expect(metricSelector("m_total", filter, "cell")).toBe(
    `m_total{job="shop/plugins",instance="i-1",pyisolate_cell="a\\"b"}`,
  );
  expect(logSelector("e", filter)).toBe(
    `{service_namespace="shop",service_name="plugins",service_instance_id="i-1"} | event_name="e" | pyisolate_cell="a\\"b"`,
  );
  expect(logsqlFilter("e", filter)).toBe(
    `event_name:="e" service.namespace:="shop" service.name:="plugins" service.instance.id:="i-1" pyisolate.cell:="a\\"b"`,
  );
});
