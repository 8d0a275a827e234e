/** Loki's version, whose module the Go proxy serves with all that it needs. */
export const LOKI_VERSION = "3.7.8";
/** Name look-ups by Go rather than by the C library, as Loki's own releases are built. */
export const LOKI_BUILD_TAGS = "netgo";

// Forks without which Loki does not compile, or does something else than its releases.
const REPLACED: readonly (readonly [module: string, by: string])[] = [
  ["github.com/Azure/azure-sdk-for-go", "github.com/Azure/azure-sdk-for-go v68.0.0+incompatible"],
  [
    "github.com/Azure/azure-storage-blob-go",
    "github.com/MasslessParticle/azure-storage-blob-go v0.14.1-0.20240322194317-344980fda573",
  ],
  ["github.com/gocql/gocql", "github.com/grafana/gocql v0.0.0-20200605141915-ba5dc39ece85"],
  [
    "github.com/hashicorp/memberlist",
    "github.com/grafana/memberlist v0.3.1-0.20251126142931-6f9f62ab6f86",
  ],
  ["github.com/grafana/regexp", "github.com/grafana/regexp v0.0.0-20240518133315-a468a5bfb3bc"],
  ["github.com/influxdata/go-syslog/v3", "github.com/leodido/go-syslog/v4 v4.3.0"],
  [
    "github.com/thanos-io/objstore",
    "github.com/grafana/objstore v0.0.0-20250728171719-b5d3b766d1b0",
  ],
];

/**
 * The go.mod of a module that needs Loki and nothing else.
 *
 * @remarks `go install` heeds the replacements of no module but the main one, and refuses a module that has any. So a module of
 * ours has those that Loki 3.7.8's own go.mod lists; its `pkg/push`, replaced there by a folder beside it, is taken as published.
 */
export function lokiModule(): string {
  const replaced = REPLACED.map(([module, by]) => `replace ${module} => ${by}`);
  return `module pyisolate.example/loki

go 1.26.5

require github.com/grafana/loki/v3 v${LOKI_VERSION}

${replaced.join("\n")}

exclude k8s.io/client-go v8.0.0+incompatible
`;
}
