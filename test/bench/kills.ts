import path from "node:path";

import { inFolder } from "./delivery.ts";
import { FarSide } from "./far-side.ts";
import type { Load } from "./load-service.ts";
import { Service } from "./service.ts";
import { WARM_UP, type Way } from "./delivery-ways.ts";

/** What a kill -9 cost, by what the far side has. */
export interface Kill {
  /** Records beyond one for each denial. */
  readonly duplicates: number;
  /** Denials that the service had reported as safe, and whose records never arrived. */
  readonly lost: number;
}

/** As fast as it can, so that records are under way at every stage at any moment. */
const FLOOD = { burst: 512, pause: 0 };
/** The same, with a line after each burst that says how many denials survive a kill. */
const TOLD_FLOOD = { burst: 512, pause: 1 };

/** The Collector killed in mid-flood, and again when it has hardly caught up: at random moments at which it is busy. */
export async function collectorKilled(binary: string, way: Way, denials: number): Promise<Kill> {
  return await underWay(binary, { way, denials, ...FLOOD }, async (farSide, service) => {
    let arrived = WARM_UP;
    for (let kill = 0; kill < 2; kill++) {
      arrived += denials * (0.1 + Math.random() * 0.3);
      await farSide.has(arrived);
      await farSide.crash();
    }
    await service.report();
    return denials;
  });
}

/** The service killed in mid-flood. It is started again where it sends its own spool. */
export async function serviceKilled(binary: string, way: Way, denials: number): Promise<Kill> {
  return await underWay(
    binary,
    { way, denials, ...TOLD_FLOOD },
    async (farSide, service, folder) => {
      await service.killAt(denials / 2);
      if (way === "queue") {
        await using next = await Service.start({
          way,
          endpoint: farSide.endpoint,
          folder,
          denials: 0,
          ...FLOOD,
        });
        next.go();
        await next.report();
      }
      return service.durable;
    },
  );
}

async function underWay(
  binary: string,
  flood: Omit<Load, "endpoint" | "folder">,
  fate: (farSide: FarSide, service: Service, folder: string) => Promise<number>,
): Promise<Kill> {
  return await inFolder(async (folder) => {
    const waiting = path.join(folder, "waiting");
    const tailed = flood.way === "tail" ? waiting : undefined;
    await using farSide = await FarSide.start(binary, path.join(folder, "state"), tailed);
    await using service = await Service.start({
      ...flood,
      endpoint: farSide.endpoint,
      folder: waiting,
    });
    service.go();
    const durable = await fate(farSide, service, waiting);
    await farSide.settles();
    const { ids, records } = await farSide.arrived();
    return { duplicates: records - ids.size, lost: Math.max(0, durable - ids.size) };
  });
}
