import protobuf from "protobufjs";

/** What of opentelemetry-proto 1.x an export of traces, sums and histograms needs; the numbers are the protocol. */
const PROTO = `
syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message Response { PartialSuccess partial_success = 1; }
message PartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  uint32 dropped_attributes_count = 10; repeated Event events = 11; uint32 dropped_events_count = 12; repeated Link links = 13;
  uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16;
}
message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; uint32 dropped_attributes_count = 5; fixed32 flags = 6; }
message Status { string message = 2; int32 code = 3; }
message MetricsRequest { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Sum sum = 7; Histogram histogram = 9; } }
message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
message NumberDataPoint {
  repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; } uint32 flags = 8;
}
message HistogramDataPoint {
  repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
  optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; uint32 flags = 10;
  optional double min = 11; optional double max = 12;
}
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
`;

const root = protobuf.parse(PROTO).root.resolveAll();

/**
 * An ExportTraceServiceRequest as OTLP's JSON has it: ids as hex digits, 64-bit times as texts, integers as numbers.
 *
 * @throws {Error} when the bytes are none
 */
export function requestOfProtobuf(bytes: Uint8Array): unknown {
  const type = root.lookupType("Request");
  const object = type.toObject(type.decode(bytes), { longs: String, bytes: Array, arrays: true });
  return JSON.parse(JSON.stringify(object), (key, value) => {
    if (/^(?:trace|span|parentSpan)Id$/.test(key)) return Buffer.from(value).toString("hex");
    // What is 0 is not written.
    if (key === "status") return { code: 0, ...value };
    return key === "intValue" ? Number(value) : value;
  });
}

/**
 * An ExportMetricsServiceRequest as OTLP's JSON has it.
 *
 * @throws {Error} when the bytes are none
 */
export function metricsOfProtobuf(bytes: Uint8Array): unknown {
  const type = root.lookupType("MetricsRequest");
  const object = type.toObject(type.decode(bytes), { longs: String, arrays: true });
  return JSON.parse(JSON.stringify(object), (key, value) => (key === "intValue" ? Number(value) : value));
}

/** An ExportTraceServiceResponse, or one of metrics, which looks the same. */
export function responseProtobuf(partialSuccess?: {
  readonly rejectedSpans: number;
  readonly errorMessage: string;
}): Uint8Array {
  const type = root.lookupType("Response");
  return type.encode(type.fromObject(partialSuccess ? { partialSuccess } : {})).finish();
}

/**
 * What of an export request as JSON OTLP's mapping does not allow: keys that the protocol does not know, enums and
 * numbers that are none, 64-bit times that are not texts, ids that are not hex digits, two values where one may be.
 */
export function jsonFaults(kind: "Request" | "MetricsRequest", json: unknown): readonly string[] {
  return [...faultsIn(root.lookupType(kind), json)];
}

function* faultsIn(type: protobuf.Type, json: unknown): Generator<string> {
  if (typeof json !== "object" || json === null) return yield `${type.name} is no object`;
  for (const [key, value] of Object.entries(json)) {
    const field = type.fieldsArray.find(({ name }) => name === key);
    if (!field) {
      yield `${type.name}.${key} is unknown`;
    } else if (field.repeated !== Array.isArray(value)) {
      yield `${type.name}.${key} is ${field.repeated ? "no" : "a"} list`;
    } else {
      for (const one of field.repeated ? value : [value]) {
        if (field.resolvedType instanceof protobuf.Type) yield* faultsIn(field.resolvedType, one);
        else if (!isScalar(field, one)) yield `${type.name}.${key} is ${JSON.stringify(one)}`;
      }
    }
  }
  // An `optional` field is a oneof of its own.
  for (const { name, oneof } of type.oneofsArray) {
    if (oneof.filter((one) => one in json).length > 1) yield `${type.name}.${name} is several`;
  }
}

const HEX = /^(?:[0-9a-f]{16}|[0-9a-f]{32})?$/;
const DIGITS = /^-?\d+$/;

function isScalar({ type, name }: protobuf.Field, value: unknown): boolean {
  switch (type) {
    case "bytes":
      return typeof value === "string" && HEX.test(value);
    case "fixed64":
    case "sfixed64":
    case "int64":
      if (typeof value === "string") return DIGITS.test(value);
      // Larger ones than a double holds have to be texts; readers take numbers for the others.
      return !name.endsWith("UnixNano") && Number.isSafeInteger(value);
    case "int32":
    case "uint32":
    case "fixed32":
      return Number.isInteger(value);
    case "double":
      return typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    default:
      return typeof value === "string";
  }
}
