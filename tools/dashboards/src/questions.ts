/** The dashboards that there are, one of each for each store. */
export const DASHBOARD_NAMES = ["denials", "telemetry-health"] as const;
export type DashboardName = (typeof DASHBOARD_NAMES)[number];

/** A question that operators of such systems asked, and where it was asked. */
export interface Question {
  readonly question: string;
  /** An issue, or a dashboard that answers it elsewhere. */
  readonly asked: string;
  readonly dashboard: DashboardName;
  /** The panel that answers it, by its id. */
  readonly panel: number;
  /** The answer from the Collector's own file, where records have it: of docs/records.jq. */
  readonly jq?: string;
}

/** The field's questions, in the order in which an operator on call asks them. */
export const QUESTIONS: readonly Question[] = [
  ...of("denials", [
    ["Is anything being refused at the moment?", "Hubble overview: forwarded against dropped", 1],
    ["Is it more of the requests than usual?", "Kyverno: failure rate", 2],
    ["Is it something new?", "a first occurrence against retries: sbx-releases#73", 3],
    [
      "Did the kernel refuse what the policy allowed?",
      "no other tool: none has two layers on one record",
      4,
    ],
    ["Did something get out of its guards?", "openai/codex#17573", 5],
    ["Is a quiet page quiet, or am I blind?", "falco-website#1577", 6],
    ["What was refused?", "Hubble: drops by reason and protocol", 11],
    ["Which policy, which rule refused it?", "envoy#12681, hubble#1100, tetragon#1477", 12],
    ["Why? Was it no rule, or a rule against it?", "envoy#36346, cilium#48588", 13],
    ["To whom, and since when?", "falco#3826, hubble#1332", 21],
    ["Who is refused most?", "Hubble: top 10 sources with denied packets", 22],
    ["Which layer refused it?", "landlock: blockers; PyIsolate", 31],
    ["When did the kernel begin to refuse?", "sandbox-runtime#511", 32],
    ["Which rules refuse that did not before?", "Falcosidekick: events by rule", 33],
    [
      "Who was refused by this rule, in this minute?",
      "tetragon#1037: labels that metrics cannot have",
      40,
      'denials | map(._time |= .[:16]) | counted(["_time", "pyisolate.cell", "pyisolate.operation"])[]',
    ],
    [
      "What did they try to reach?",
      "Hubble: top 10 destinations; deno#20228",
      42,
      'denials | counted(["pyisolate.attempted_action"])[:20][]',
    ],
    [
      "Was it denied at all, and by what, in one record?",
      "deno: no outcome; mitos#779",
      41,
      'denials[:500][] | only(["_time", "severity_number", "pyisolate.cell", "pyisolate.attempted_action", "pyisolate.policy_rule", "pyisolate.reason", "pyisolate.nearest_rule", "pyisolate.broker_decision", "pyisolate.kernel_decision", "pyisolate.kernel_evidence", "pyisolate.denial.count", "pyisolate.enforced", "pyisolate.policy.hash", "pyisolate.denial.id", "trace_id"])',
    ],
    [
      "Which request was it part of?",
      "opa#5230, opa#6905: trace ids",
      41,
      'denials | map(select(.trace_id)) | counted(["trace_id", "pyisolate.cell", "pyisolate.policy_rule"])[]',
    ],
    ["What is all that is known of this one?", "sandbox-runtime#582", 43, "denials[:200][]"],
    [
      "Which policy is in force, and when did it change?",
      "Kyverno: policy changes; Cerbos: effective policies",
      51,
      'of("pyisolate.policy.loaded")[:100][] | only(["_time", "service.name", "pyisolate.policy.name", "pyisolate.policy.hash", "service.instance.id"])',
    ],
    ["What would the next policy refuse?", "node#59935, Envoy: shadow rules", 52],
    [
      "How much was refused in a cell's life, unlogged included?",
      "Landlock: denials=N",
      53,
      'of("pyisolate.cell.closed")[:200][] | only(["_time", "pyisolate.cell", "pyisolate.closed.cause", "pyisolate.closed.denials", "pyisolate.closed.allowed", "pyisolate.ledger.emitted", "pyisolate.ledger.coalesced", "pyisolate.ledger.dropped"])',
    ],
  ]),
  ...of("telemetry-health", [
    ["How blind am I, in one word?", "opa#7446", 1],
    ["Do the numbers about loss hold themselves?", "tetragon#3444, cilium#46584", 2],
    ["How many denials have no record?", "opa#8123, AKS#5788", 3],
    ["Does it keep up?", "Gatekeeper: export queue depth", 4],
    ["How long can the outage last?", "falcosidekick#297: no queue", 5],
    ["Do all my hosts report?", "kibana#291509: the drop metric went with the pipe", 6],
    ["Since when was I blind, and for how long?", "cilium#44725", 7],
    ["Was it recorded, coalesced or lost?", "tetragon#4761", 11],
    ["Which of the drop counters is which?", "falco#3348", 12],
    ["Who is behind?", "opa#7454: slow down and retry", 13],
    ["What survives a crash?", "opentelemetry community#2409", 14],
    ["Do labels explode?", "tetragon#1037, falcosidekick#1132", 15],
    ["Does redaction work?", "opa: an event whose mask fails is not logged", 16],
    ["Since when do the numbers not add up?", "cilium#46584", 17],
    [
      "What did the stream itself say of drops?",
      "Tetragon: RATE_LIMIT_INFO; falco#1333",
      18,
      'of("pyisolate.records.dropped")[:200][]',
    ],
    ["Does the Collector take what is sent?", "OpenTelemetry Collector: accepted, refused", 21],
    ["Does it get rid of it, and to where?", "Falcosidekick: outputs by destination", 22],
    ["How full is its queue?", "OpenTelemetry Collector: queue size and capacity", 23],
    ["Do the counters come through?", "OpenTelemetry Collector: metric points", 24],
    ["Does it refuse for want of memory?", "opa#4659, falco#2495", 25],
    ["How near is it to that?", "OpenTelemetry Collector: process", 26],
    ["Was it restarted?", "OpenTelemetry Collector: process", 27],
    [
      "Did it arrive?",
      "opentelemetry community#2409",
      28,
      'of("pyisolate.denial") | counted(["service.name"])[]',
    ],
  ]),
];

function of(
  dashboard: DashboardName,
  rows: readonly (readonly [question: string, asked: string, panel: number, jq?: string])[],
): Question[] {
  return rows.map(([question, asked, panel, jq]) => ({
    question,
    asked,
    dashboard,
    panel,
    ...(jq === undefined ? {} : { jq }),
  }));
}
