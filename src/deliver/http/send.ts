import type { Destination } from "../destinations/destination.js";
import { placeFor } from "../destinations/places.js";
import { dataPointsIn, metricsOnWire } from "../queue/metrics-body.js";
import type { RequestKind } from "../queue/request-kind.js";
import { scoreIdsIn } from "../queue/scores-body.js";
import { type OtlpKind, readAcknowledgement } from "./acknowledgement.js";
import { type Asking, type AskOptions, ask } from "./ask.js";
import { readIngestion } from "./ingestion-answer.js";
import { type MediaOptions, sendMedia } from "./send-media.js";
import type { SendResult } from "./send-result.js";

export { DEFAULT_TIMEOUT_MS } from "./ask.js";

/** How one request is sent. */
export interface SendOptions extends MediaOptions {
  /** Default: traces. */
  readonly kind?: RequestKind;
}

/**
 * Sends one request of the outbox to where the destination takes its kind. Never throws: whatever happens is a result.
 *
 * Redirects are not followed, so the keys never reach another host; certificates are verified.
 *
 * @param body as it lies in the outbox: of traces an ExportTraceServiceRequest as JSON
 */
export async function send(
  destination: Destination,
  body: Uint8Array,
  { kind = "traces", ...options }: SendOptions = {},
): Promise<SendResult> {
  const place = placeFor(destination, kind);
  if (place === undefined) {
    const advice =
      kind === "metrics"
        ? ". Set OTEL_METRICS_EXPORTER=otlp to send them, or throw away what waits there with `looptrace push --discard`"
        : "";
    const message = `${destination.label} takes no ${kind} as it is configured${advice}`;
    return { kind: "misdirected", status: 404, message };
  }
  switch (kind) {
    case "traces":
      return sendOtlp(place, kind, body, options);
    case "metrics": {
      const request = metricsOnWire(body);
      const result = await sendOtlp(place, kind, request, options);
      // A receiver counts data points, of which an item may have many.
      return result.kind === "partial" ? { ...result, of: dataPointsIn(request) ?? 0 } : result;
    }
    case "scores": {
      const asking: Asking = { method: "POST", bytes: body, type: "application/json", what: kind };
      const ids = scoreIdsIn(body);
      return ask<SendResult>(place, asking, options, (answer, signal) => readIngestion(place, ids, answer, signal));
    }
    case "media":
      return sendMedia(place, body, options);
    default:
      return kind satisfies never;
  }
}

async function sendOtlp(
  place: Destination,
  kind: OtlpKind,
  json: Uint8Array,
  options: AskOptions,
): Promise<SendResult> {
  const written = await writtenFor(place, kind, json);
  if ("kind" in written) return written;
  const asking = { method: "POST", what: kind, ...written } as const;
  return ask<SendResult>(place, asking, options, (answer, signal) => readAcknowledgement(place, kind, answer, signal));
}

/** An OTLP request as the destination wants it; refused when it holds what cannot be written so. */
async function writtenFor(
  { protocol, label }: Destination,
  kind: OtlpKind,
  json: Uint8Array,
): Promise<Pick<Asking, "bytes" | "type"> | SendResult> {
  if (protocol === "http/json") return { bytes: json, type: "application/json" };
  try {
    return { bytes: await asProtobuf(kind, json), type: "application/x-protobuf" };
  } catch {
    return { kind: "rejected", status: 400, message: `what is to be sent to ${label} cannot be written as protobuf` };
  }
}

async function asProtobuf(kind: OtlpKind, json: Uint8Array): Promise<Uint8Array> {
  if (kind === "traces") return (await import("./protobuf-body.js")).protobufBody(json);
  return (await import("./protobuf-metrics.js")).protobufMetrics(json);
}
