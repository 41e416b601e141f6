import { expect, test } from "vitest";
import { placeFor } from "../../../src/deliver/destinations/places.js";
import { resolveDestinations } from "../../../src/deliver/destinations/resolve-destinations.js";
import { ConfigurationError } from "../../../src/errors/configuration-error.js";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318/otlp/" };
const WANTED = { OTEL_METRICS_EXPORTER: "otlp" };

function metricsOf(env: Readonly<Record<string, string>>, metrics?: boolean) {
  const [destination] = resolveDestinations({ env, ...(metrics === undefined ? {} : { otlp: { metrics } }) });
  return destination?.metrics;
}

test("metrics are sent where they are asked for, and nowhere else", () => {
  expect(metricsOf(ENDPOINT)).toBeUndefined();
  expect(metricsOf({ ...ENDPOINT, OTEL_METRICS_EXPORTER: "none" })).toBeUndefined();
  expect(metricsOf({ ...ENDPOINT, OTEL_METRICS_EXPORTER: "prometheus" })).toBeUndefined();
  expect(metricsOf({ ...ENDPOINT, ...WANTED }, false)).toBeUndefined();
  const place = { endpoint: "http://127.0.0.1:4318/otlp/v1/metrics" };
  expect(metricsOf({ ...ENDPOINT, OTEL_METRICS_EXPORTER: "console, otlp" })).toMatchObject(place);
  expect(metricsOf(ENDPOINT, true)).toMatchObject(place);
  const address = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://127.0.0.1:9/m" };
  expect(metricsOf({ ...ENDPOINT, ...address })).toMatchObject({ endpoint: "http://127.0.0.1:9/m" });
  expect(metricsOf({ ...ENDPOINT, ...address, OTEL_METRICS_EXPORTER: "none" })).toBeUndefined();
});

test("another host that takes them is called by its own name, so that messages name what answered", () => {
  const labelOf = (env: Readonly<Record<string, string>>) => {
    const [destination] = resolveDestinations({ env: { ...ENDPOINT, ...env } });
    return destination && placeFor(destination, "metrics")?.label;
  };
  expect(labelOf(WANTED)).toBe("127.0.0.1:4318/otlp");
  const other = "http://user:pass@127.0.0.1:8428/opentelemetry/v1/metrics";
  expect(labelOf({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: other })).toBe("127.0.0.1:8428");
});

test("no Langfuse gets them, however it is named", () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:3000/api/public/otel", ...WANTED };
  const [destination] = resolveDestinations({ env });
  expect(destination).toMatchObject({ kind: "langfuse", metrics: undefined });
});

test("they have variables of their own, and never the traces' headers", () => {
  const env = {
    ...{ ...ENDPOINT, ...WANTED },
    OTEL_EXPORTER_OTLP_HEADERS: "x-team=everyone",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-key=traces-secret",
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: "x-key=metrics-secret",
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "700",
  };
  const [destination] = resolveDestinations({ env });
  expect(destination?.metrics).toMatchObject({
    headers: { "x-team": "everyone", "x-key": "metrics-secret" },
    protocol: "http/json",
    timeoutMs: 700,
  });
  expect(destination).toMatchObject({ protocol: "http/protobuf" });
  // Both keys are blotted out of what servers say, and masked in what is sent.
  expect(destination?.secrets).toEqual(expect.arrayContaining(["traces-secret", "metrics-secret"]));
});

test("beside traces at an address of one's own there is no telling where they go", () => {
  const traces = (url: string) => ({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url, ...WANTED });
  expect(metricsOf(traces("http://127.0.0.1:9/x/v1/traces"))).toMatchObject({
    endpoint: "http://127.0.0.1:9/x/v1/metrics",
  });
  const refused = () => metricsOf(traces("http://127.0.0.1:9/insert"));
  expect(refused).toThrow(ConfigurationError);
  expect(refused).toThrow(/OTEL_EXPORTER_OTLP_TRACES_ENDPOINT does not end with \/v1\/traces.*METRICS_ENDPOINT/);
});
