import { Manifest } from "../sdk/manifest.ts";

/** A manifest of so many records that are nobody's. */
export function aManifest(records: number): Manifest {
  const manifest = new Manifest();
  for (let n = 0; n < records; n++) manifest.add(undefined);
  return manifest;
}
