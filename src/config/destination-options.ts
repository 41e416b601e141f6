import type { DestinationOptions } from "../deliver/destinations/resolve-destinations.js";
import type { ConfigFile } from "./config-file.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment's variables come before the file's settings, each on its own. */
export function destinationOptions({ langfuse, otlp }: ConfigFile, env: Environment): DestinationOptions {
  const unlessSet = (value: string | undefined, ...variables: string[]): string | undefined =>
    variables.some((name) => env[name]?.trim()) ? undefined : value;
  const publicKey = unlessSet(langfuse?.publicKey, "LANGFUSE_PUBLIC_KEY");
  const secretKey = unlessSet(langfuse?.secretKey, "LANGFUSE_SECRET_KEY");
  const baseUrl = unlessSet(langfuse?.baseUrl, "LANGFUSE_BASE_URL", "LANGFUSE_BASEURL", "LANGFUSE_HOST");
  const endpoint = unlessSet(otlp?.tracesEndpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
  // Headers may hold keys: they belong to the file's own endpoint and go to no other.
  const headers = endpoint === undefined ? undefined : otlp?.headers;
  const variables = ["OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];
  const metrics = variables.some((name) => env[name]?.trim()) ? undefined : otlp?.metrics;
  const shape = env.LOOPTRACE_OTLP_SHAPE?.trim() ? undefined : otlp?.shape;
  return {
    env,
    langfuse: {
      ...(publicKey === undefined ? {} : { publicKey }),
      ...(secretKey === undefined ? {} : { secretKey }),
      ...(baseUrl === undefined ? {} : { baseUrl }),
    },
    otlp: {
      ...(endpoint === undefined ? {} : { tracesEndpoint: endpoint }),
      ...(headers === undefined ? {} : { headers }),
      ...(metrics === undefined ? {} : { metrics }),
      ...(shape === undefined ? {} : { shape }),
    },
  };
}
