/** The series of one metric that a Collector's Prometheus exporter shows, by labels. */
export async function seriesOf(url: string, metric: string): Promise<Map<string, number>> {
  const text = await (await fetch(url)).text();
  return new Map(
    text
      .split("\n")
      .filter((line) => line.startsWith(`${metric}{`))
      .map((line) => {
        const end = line.lastIndexOf("} ") + 1;
        return [line.slice(0, end), Number(line.slice(end).trim().split(" ")[0])];
      }),
  );
}
