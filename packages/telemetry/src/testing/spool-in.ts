import { ExporterStatus } from "../sdk/delivery/exporter-status.ts";
import { Spool } from "../sdk/spool/spool.ts";

/** A spool in a folder, with the status that it reports to and the warnings that it gives. */
export function spoolIn(folder: string, maxBytes = 1e6) {
  const status = new ExporterStatus();
  const warnings: string[] = [];
  const spool = new Spool({ directory: folder, maxBytes }, status, (said) => warnings.push(said));
  return { spool, status, warnings };
}
