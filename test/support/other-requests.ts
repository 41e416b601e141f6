import { mediaRequest } from "../../src/deliver/queue/media-body.js";
import { metricsRequest } from "../../src/deliver/queue/metrics-body.js";
import type { OtherRequest } from "../../src/deliver/queue/request-to-deliver.js";
import { type Score, scoresRequests } from "../../src/deliver/queue/scores-body.js";
import { spanId, traceId } from "./otlp-requests.js";

/** So many scores of a trace, `score-<trace>-<number>` from the first on. */
export function scores(count: number, { trace = 1, first = 1 } = {}): readonly Score[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `score-${trace}-${first + index}`,
    traceId: traceId(trace),
    name: `score ${first + index}`,
    dataType: "NUMERIC",
    value: index / 10,
    timestamp: "2026-01-02T03:04:05.000Z",
  }));
}

/** The same as one request. */
export function scoresRequest(
  count: number,
  options?: { readonly trace?: number; readonly first?: number },
): OtherRequest {
  const [request] = scoresRequests(scores(count, options));
  if (request === undefined) throw new Error("no scores");
  return request;
}

/** So many items of metrics, each with two data points: `sum-<number>`. */
export function metrics(count: number, { trace = 1, first = 1 } = {}): OtherRequest {
  return metricsRequest(
    Array.from({ length: count }, (_, index) => ({
      traceId: traceId(trace),
      id: `${first + index}`,
      resourceMetrics: [
        {
          resource: { attributes: [] },
          scopeMetrics: [
            {
              scope: { name: "looptrace" },
              metrics: [
                {
                  name: `sum-${first + index}`,
                  sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point(1), point(2)] },
                },
              ],
            },
          ],
        },
      ],
    })),
  );
}

function point(value: number): object {
  return { asDouble: value, startTimeUnixNano: "1700000000000000000", timeUnixNano: "1700000001000000000" };
}

/** The smallest PNG there is. */
export const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

/** A file that so many spans of a trace show in their inputs. */
export function file(
  spans: number,
  { trace = 1, first = 1, bytes = PNG as Uint8Array, type = "image/png" } = {},
): OtherRequest {
  const links = Array.from({ length: spans }, (_, index) => ({
    traceId: traceId(trace),
    observationId: spanId(first + index),
    field: "input" as const,
  }));
  return mediaRequest(bytes, type, links);
}
