import { ConfigurationError } from "../../errors/configuration-error.js";
import type { Setting } from "./client-tls.js";
import type { Destination } from "./destination.js";

/** Whether metrics are wanted, and what says so. */
export interface MetricsWish {
  /** `otlp.metrics`; it comes before the variables. */
  readonly option: boolean | undefined;
  /** `OTEL_METRICS_EXPORTER`: `otlp` wants them, any other, such as `none` or `prometheus`, does not. */
  readonly exporter: Setting | undefined;
  /** `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`: who names an address wants something sent there. */
  readonly address: Setting | undefined;
}

/**
 * Whether metrics are sent. By default they are not: many backends for traces, such as Jaeger and Tempo, take none,
 * and a delivery would never be whole.
 */
export function wantsMetrics({ option, exporter, address }: MetricsWish): boolean {
  if (option !== undefined) return option;
  if (exporter) return exporter.value.split(",").some((name) => name.trim().toLowerCase() === "otlp");
  return address !== undefined;
}

/**
 * Where a backend takes metrics that takes traces at an address: at `/v1/metrics` beside it.
 *
 * @throws {ConfigurationError} when its address does not end as OTLP has it, so that there is no telling
 */
export function metricsBeside(traces: URL, settingName: string): URL {
  const beside = new URL(traces);
  beside.pathname = traces.pathname.replace(/\/v1\/traces\/?$/, "/v1/metrics");
  if (beside.pathname !== traces.pathname) return beside;
  throw new ConfigurationError(
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    `Metrics are to be sent, but ${settingName} does not end with /v1/traces, so that their address is not known. Set OTEL_EXPORTER_OTLP_METRICS_ENDPOINT to it, or OTEL_METRICS_EXPORTER=none to send none.`,
  );
}

/** What of a destination is where metrics go. */
export function asMetricsPlace({
  endpoint,
  headers,
  secrets,
  compression,
  protocol,
  timeoutMs,
  proxy,
  tls,
}: Destination): NonNullable<Destination["metrics"]> {
  return { endpoint, headers, secrets, compression, protocol, timeoutMs, proxy, tls };
}
