import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

import { type Case, median, pairedRatio, sideBySide } from "./measure.ts";
import { IdleReader } from "./providers.ts";
import { type Figure, printMedians } from "./report.ts";
import {
  countersIn,
  countInPromClient,
  countInSdk,
  counterOf,
  denialsOfManyCells,
  servePage,
} from "./series.ts";

/** Denials, each of another cell and rule, which makes two series for each. */
const DENIALS = 5000;
/** Most that the recorder takes; the SDK is told to leave room for as many. */
const MAX_SERIES = 16_000;
const NO_RECORDS = new LoggerProvider();

/** What a collection and a scrape of 10,000 series cost with the recorder, without it, and with prom-client. */
export async function collection(rounds: number): Promise<Figure[]> {
  const { share, counters } = await collections(rounds);
  return [
    {
      what: "our share of a collection of 10,000 series / the SDK's own",
      value: share,
      unit: "x",
      target: 0.1,
    },
    ...(await scrapes(rounds, counters)),
  ];
}

async function collections(rounds: number) {
  const events = denialsOfManyCells(DENIALS);
  const readers = { ours: new IdleReader(), bare: new IdleReader() };
  const providers = { ours: providerOf(readers.ours), bare: providerOf(readers.bare) };
  const recorder = createDenialRecorder({
    meterProvider: providers.ours,
    loggerProvider: NO_RECORDS,
    maxSeries: MAX_SERIES,
    ringSize: DENIALS * 2,
  });
  for (const event of events) recorder.record(event);
  await recorder.flush();
  const counters = countersIn((await readers.ours.collect()).resourceMetrics);
  countInSdk(providers.bare, counters);
  await readers.bare.collect();

  const naive = counterOf(providers.bare);
  // The same series with the recorder and without it: two sets that are alike differ by more than what is looked for, since the one
  // lies better in memory than the other.
  const elsewhere = providerOf(new IdleReader());
  const collecting = (name: string, countsTo: MeterProvider): Case => ({
    name,
    run: async (times) => {
      recorder.setMeterProvider(countsTo);
      // In the first one a recorder that has left takes its gauges along.
      await readers.ours.collect();
      return await timedEach(times, async () => await readers.ours.collect());
    },
  });
  const names = ["bare SDK", "ours"] as const;
  const samples = await sideBySide(
    [collecting(names[0], elsewhere), collecting(names[1], providers.ours)],
    // Many short turns: a busy machine adds more to a long one than the difference that is measured.
    { rounds: rounds * 20, times: 1 },
  );
  recorder.setMeterProvider(providers.ours);
  const of = (name: string): number[] => samples.get(name) ?? [];
  const series = counters.reduce((sum, { series: { length } }) => sum + length, 0);
  printMedians(
    `A collection of ${series} series`,
    new Map(names.map((name) => [name, median(of(name)) / 1e6])),
    "ms",
  );
  const busy = await sideBySide(
    [
      {
        name: "bare SDK, counter.add in each call",
        run: async (times) =>
          await timedEach(times, async () => {
            for (const event of events) naive(event);
            await readers.bare.collect();
          }),
      },
      {
        name: "ours, added up in the collection",
        run: async (times) => {
          let total = 0;
          for (let index = 0; index < times; index++) {
            total += await timedEach(1, async () => {
              for (const event of events) recorder.record(event);
              await readers.ours.collect();
            });
            await recorder.flush();
          }
          return total / times;
        },
      },
    ],
    { rounds, times: 2 },
  );
  printMedians(
    "5000 denials and a collection in one turn, each of another cell and rule: the worst there is",
    new Map([...busy].map(([name, values]) => [name, median(values) / 1e6])),
    "ms",
  );
  await recorder.shutdown();
  return { share: pairedRatio(of(names[1]), of(names[0])) - 1, counters };
}

async function scrapes(rounds: number, counters: ReturnType<typeof countersIn>): Promise<Figure[]> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  countInSdk(providerOf(exporter), counters);
  await using bare = await servePage((request, response) => {
    exporter.getMetricsRequestHandler(request, response);
  });
  const registry = countInPromClient(counters);
  await using promClient = await servePage((_request, response) => {
    void registry.metrics().then((text) => response.end(text));
  });
  await using otel = startTelemetry({
    serviceName: "bench",
    metrics: "prometheus",
    logs: "none",
    port: 0,
    global: false,
  });
  await using recorder = createDenialRecorder({
    meterProvider: otel.meterProvider,
    loggerProvider: NO_RECORDS,
    maxSeries: MAX_SERIES,
    ringSize: DENIALS * 2,
  });
  for (const event of denialsOfManyCells(DENIALS)) recorder.record(event);
  await otel.ready();
  const names = ["bare SDK, exporter-prometheus", "ours, startTelemetry", "prom-client"] as const;
  const urls = new Map([
    [names[0], bare.url],
    [names[1], otel.prometheusUrl ?? ""],
    [names[2], promClient.url],
  ]);
  const sizes = new Map<string, number>();
  const cases = [...urls].map(([name, url]) => ({
    name,
    run: async (times: number) =>
      await timedEach(times, async () => {
        sizes.set(name, (await (await fetch(url)).arrayBuffer()).byteLength / 2 ** 20);
      }),
  }));
  const samples = await sideBySide(cases, { rounds, times: 3 });
  const of = (name: string): number[] => samples.get(name) ?? [];
  printMedians(
    "A scrape of as many series, by a client in the same process",
    new Map(names.map((name) => [name, median(of(name)) / 1e6])),
    "ms",
  );
  printMedians("Its page", sizes, "MiB");
  return [
    {
      what: "a scrape of 10,000 series: ours / bare exporter-prometheus",
      value: pairedRatio(of(names[1]), of(names[0])),
      unit: "x",
    },
    {
      what: "a scrape of 10,000 series: ours / prom-client",
      value: pairedRatio(of(names[1]), of(names[2])),
      unit: "x",
    },
  ];
}

function providerOf(reader: IdleReader | PrometheusExporter): MeterProvider {
  return new MeterProvider({
    readers: [reader],
    views: [{ instrumentName: "*", aggregationCardinalityLimit: MAX_SERIES + 1 }],
  });
}

async function timedEach(times: number, work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  for (let index = 0; index < times; index++) await work();
  return Number(process.hrtime.bigint() - start) / times;
}
