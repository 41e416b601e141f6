import { ConfigurationError } from "../../errors/configuration-error.js";
import { readClientTls, type Setting } from "./client-tls.js";
import type { DestinationDetails, OtlpProtocol } from "./destination.js";

/** The variable for traces (`OTEL_EXPORTER_OTLP_TRACES_…`), else the general one; an empty one is not set. */
export type ReadOtlp = (name: string) => Setting | undefined;

/**
 * How the OTLP exporter's variables say that spans are sent. What looptrace cannot do it refuses: another way than the
 * one that was asked for would look as if it worked.
 *
 * @throws {ConfigurationError} naming the variable, and what it can be
 */
export function readOtlpVariables(read: ReadOtlp): Omit<DestinationDetails, "settings" | "proxy"> {
  return {
    protocol: protocolOf(read("PROTOCOL")),
    compression: compressionOf(read("COMPRESSION")),
    timeoutMs: timeoutOf(read("TIMEOUT")),
    tls: readClientTls({ ca: read("CERTIFICATE"), cert: read("CLIENT_CERTIFICATE"), key: read("CLIENT_KEY") }),
  };
}

function protocolOf(variable: Setting | undefined): OtlpProtocol {
  if (variable === undefined) return "http/json";
  const { name, value } = variable;
  if (value === "http/json" || value === "http/protobuf") return value;
  const what =
    value === "grpc"
      ? "is grpc, but looptrace speaks OTLP over HTTP"
      : `is ${JSON.stringify(value)}, which is no protocol of OTLP that looptrace speaks`;
  throw new ConfigurationError(
    name,
    `${name} ${what}. Set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf (or http/json), and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT to the backend's HTTP address (usually port 4318, with /v1/traces).`,
  );
}

function compressionOf(variable: Setting | undefined): "gzip" | "none" | undefined {
  if (variable === undefined) return undefined;
  const { name, value } = variable;
  if (value === "gzip" || value === "none") return value;
  throw new ConfigurationError(name, `${name} is ${JSON.stringify(value)}; it can be gzip or none.`);
}

/** What a timer can count to. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

function timeoutOf(variable: Setting | undefined): number | undefined {
  if (variable === undefined) return undefined;
  const { name, value } = variable;
  const ms = /^\d+$/.test(value) ? Number(value) : 0;
  if (ms > 0 && ms <= LONGEST_TIMEOUT_MS) return ms;
  throw new ConfigurationError(
    name,
    `${name} is ${JSON.stringify(value)}; it takes whole milliseconds, such as 10000.`,
  );
}

/**
 * Whether `OTEL_TRACES_EXPORTER` wants spans to be sent over OTLP: it is not set, or names `otlp`.
 *
 * @throws {ConfigurationError} when it wants them elsewhere only
 */
export function wantsOtlp(variable: Setting | undefined): boolean {
  const names = (variable?.value ?? "otlp").split(",").map((name) => name.trim().toLowerCase());
  if (names.includes("otlp")) return true;
  if (names.every((name) => name === "none" || name === "")) return false;
  throw new ConfigurationError(
    "OTEL_TRACES_EXPORTER",
    `OTEL_TRACES_EXPORTER is ${JSON.stringify(variable?.value)}, but looptrace exports over OTLP only. Set it to otlp, or to none to keep traces on this machine.`,
  );
}

/** Variables of OpenTelemetry that looptrace leaves to programs that are traced, each with what holds instead. */
const LEFT_ALONE: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /^OTEL_EXPORTER_OTLP_(?:TRACES_|SPAN_)?INSECURE$/,
    "it is about gRPC; over HTTP the endpoint's http:// or https:// decides",
  ],
  [
    /^OTEL_(?:SPAN_|EVENT_|LINK_|LOGRECORD_)?(?:ATTRIBUTE_(?:COUNT|VALUE_LENGTH)|EVENT_COUNT|LINK_COUNT)_LIMIT$/,
    "a trace is sent whole; textLimit in looptrace.config.json bounds its texts",
  ],
  [/^OTEL_TRACES_SAMPLER(?:_ARG)?$/, "every session is traced"],
  [/^OTEL_BSP_/, "looptrace has no span processor; its outbox holds what waits"],
  [/^OTEL_(?:EXPERIMENTAL_)?CONFIG_FILE$/, "looptrace has its own looptrace.config.json"],
  [/^OTEL_EXPORTER_(?:ZIPKIN|JAEGER)_/, "looptrace exports over OTLP only"],
];

/** Those of the environment's variables that change nothing here, each with what holds instead. */
export function variablesLeftAlone(
  env: Readonly<Record<string, string | undefined>>,
): readonly { readonly name: string; readonly why: string }[] {
  return Object.keys(env)
    .filter((name) => env[name]?.trim())
    .sort()
    .flatMap((name) => {
      const why = LEFT_ALONE.find(([pattern]) => pattern.test(name))?.[1];
      return why === undefined ? [] : [{ name, why }];
    });
}
