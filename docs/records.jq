# The Collector's own file, a line of it a request in OTLP JSON, as flat records: every field by its own name, as VictoriaLogs has
# them. For what there is no store for:
#
#   jq -nc -L docs 'include "records"; denials | counted(["pyisolate.cell"])[]' denials*.jsonl

def value:
  if has("stringValue") then .stringValue
  elif has("intValue") then (.intValue | tonumber)
  elif has("doubleValue") then .doubleValue
  elif has("boolValue") then .boolValue
  elif has("arrayValue") then [.arrayValue.values[]? | value]
  elif has("kvlistValue") then ([.kvlistValue.values[]? | {(.key): (.value | value)}] | add // {})
  else .bytesValue end;

def fields: [.[]? | {(.key): (.value | value)}] | add // {};

# UTC, to the millisecond. A number would lose the last digits of nanoseconds.
def time: (.[:-9] | tonumber | todate | rtrimstr("Z")) + "." + .[-9:-6] + "Z";

# Each record. The times of an input that is read go with it: once.
def records:
  inputs | .resourceLogs[]?
  | (.resource.attributes | fields) as $resource
  | .scopeLogs[]?.logRecords[]?
  | $resource + (.attributes | fields)
    + {_time: (.timeUnixNano // "0000000000" | time), _msg: (.body // {} | value), event_name: (.eventName // "")}
    + (if (.traceId // "") == "" then {} else {trace_id: .traceId} end)
    + {severity_number: (.severityNumber // 0)};

# Those of one event, the newest first.
def of($event): [records | select(.event_name == $event)] | sort_by(._time) | reverse;

# Denials, each once: delivery is at least once.
def denials: of("pyisolate.denial") | unique_by(."pyisolate.denial.id") | sort_by(._time) | reverse;

# A record's fields of these names.
def only($names): . as $record | reduce $names[] as $name ({}; if $record[$name] == null then . else .[$name] = $record[$name] end);

# How many denials, by fields: a record may stand for many, and says for how many.
def counted($by):
  group_by([.[$by[]]]) | map((.[0] | only($by)) + {denials: (map(."pyisolate.denial.count" // 1 | tonumber) | add)}) | sort_by(-.denials);
