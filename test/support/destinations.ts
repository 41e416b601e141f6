import type { Destination } from "../../src/deliver/destinations/destination.js";
import { resolveDestinations } from "../../src/deliver/destinations/resolve-destinations.js";

export const PUBLIC_KEY = "pk-lf-1234567890";
export const SECRET_KEY = "sk-lf-very-secret-key";

/** The Langfuse destination that a base URL stands for, with a pair of test keys. */
export function langfuseAt(baseUrl: string, publicKey = PUBLIC_KEY): Destination {
  return one({
    LANGFUSE_PUBLIC_KEY: publicKey,
    LANGFUSE_SECRET_KEY: SECRET_KEY,
    LANGFUSE_BASE_URL: baseUrl,
  });
}

/** The OTLP destination that an endpoint stands for. */
export function otlpAt(endpoint: string): Destination {
  return one({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
}

/** The same, which takes metrics too. */
export function otlpWithMetricsAt(endpoint: string): Destination {
  return one({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_METRICS_EXPORTER: "otlp" });
}

function one(env: Readonly<Record<string, string>>): Destination {
  const [destination] = resolveDestinations({ env });
  if (destination === undefined) throw new Error("the environment names no destination");
  return destination;
}
