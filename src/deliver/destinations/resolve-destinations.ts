import { ConfigurationError } from "../../errors/configuration-error.js";
import type { SpanProfileName } from "../../otel/span-profile.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import type { Setting } from "./client-tls.js";
import { createDestination, type Destination, LANGFUSE_TRACES_PATH } from "./destination.js";
import { basicAuthorization } from "./http-address.js";
import { asMetricsPlace, metricsBeside, wantsMetrics } from "./metrics-place.js";
import { isHeader, otlpHeaders } from "./otlp-headers.js";
import { readOtlpVariables, wantsOtlp } from "./otlp-variables.js";
import { proxyFor } from "./proxy.js";

/** Settings that take precedence over the environment, each on its own. */
export interface DestinationOptions {
  /** Langfuse; both keys make it a destination. */
  readonly langfuse?: {
    readonly publicKey?: string;
    readonly secretKey?: string;
    /** Default: Langfuse Cloud in the EU. */
    readonly baseUrl?: string;
  };
  /** Any OTLP backend over HTTP. */
  readonly otlp?: {
    /** Where traces are posted to, used as it is. */
    readonly tracesEndpoint?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Whether metrics are sent beside the traces, to `/v1/metrics`. Default: no, unless a variable asks for them. */
    readonly metrics?: boolean;
    /**
     * How spans look: `genai`, by OpenTelemetry's GenAI conventions, which is the default, or `langfuse`, for a collector
     * that hands them on to a Langfuse. Langfuse's own address always gets the latter.
     */
    readonly shape?: SpanProfileName;
  };
  /**
   * The destinations are to be read from. What switches sending off (`LANGFUSE_TRACING_ENABLED=false`,
   * `OTEL_SDK_DISABLED=true`, `OTEL_TRACES_EXPORTER=none`) does not count then. Default: false.
   */
  readonly reading?: boolean;
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_BASE_URL = "https://cloud.langfuse.com";

/**
 * Finds out where spans are to go: Langfuse (`LANGFUSE_PUBLIC_KEY`, `LANGFUSE_SECRET_KEY`, `LANGFUSE_BASE_URL`), any
 * OTLP backend (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `OTEL_EXPORTER_OTLP_ENDPOINT` and their headers), both, or
 * nowhere. The same place given twice is one destination. `OTEL_SDK_DISABLED=true` switches all of them off,
 * `OTEL_TRACES_EXPORTER=none` what OpenTelemetry's variables name, `LANGFUSE_TRACING_ENABLED=false` what Langfuse's do.
 *
 * @returns an empty list when nothing is configured
 * @throws {ConfigurationError} when something is configured by half or cannot work
 */
export function resolveDestinations(options: DestinationOptions = {}): readonly Destination[] {
  const { destinations, problems } = surveyDestinations(options);
  const [problem] = problems;
  if (problem) throw problem;
  return destinations;
}

/** Where spans are to go, and what of the configuration cannot work. */
export interface DestinationSurvey {
  readonly destinations: readonly Destination[];
  readonly problems: readonly ConfigurationError[];
  /** The variables that switch off what would be configured otherwise, such as `OTEL_SDK_DISABLED`. */
  readonly switchedOff: readonly string[];
}

/** The same, but one place that is configured wrongly hides no other: what is wrong stands beside what works. */
export function surveyDestinations(options: DestinationOptions = {}): DestinationSurvey {
  const env = options.env ?? process.env;
  const read = reader(env);
  const found: Destination[] = [];
  const problems: ConfigurationError[] = [];
  const switchedOff: string[] = [];
  for (const configured of [langfuseDestination, otlpDestination]) {
    try {
      const destination = configured(options, read, env);
      if (typeof destination === "string") switchedOff.push(destination);
      else if (destination) found.push(destination);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(error);
    }
  }
  const destinations = [...new Map(found.toReversed().map((one) => [one.id, one])).values()].toReversed();
  return { destinations, problems, switchedOff: [...new Set(switchedOff)] };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** OpenTelemetry's booleans: what is not `true` is false. */
function isDisabled(env: Environment): boolean {
  return env.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true";
}

type Read = (option: string | undefined, optionName: string, ...variables: string[]) => Setting | undefined;

/** The option, else the first of the variables that is set; an empty one is not set, as OpenTelemetry has it. */
function reader(env: Environment): Read {
  return (option, optionName, ...variables) => {
    const given = [[optionName, option] as const, ...variables.map((name) => [name, env[name]] as const)];
    const [name, value] = given.find(([, text]) => text?.trim()) ?? [];
    return name === undefined || value === undefined ? undefined : { name, value: value.trim() };
  };
}

function langfuseDestination(
  { langfuse, reading = false }: DestinationOptions,
  read: Read,
  env: Environment,
): Destination | string | undefined {
  const publicKey = read(langfuse?.publicKey, "langfuse.publicKey", "LANGFUSE_PUBLIC_KEY");
  const secretKey = read(langfuse?.secretKey, "langfuse.secretKey", "LANGFUSE_SECRET_KEY");
  const baseUrl = read(langfuse?.baseUrl, "langfuse.baseUrl", "LANGFUSE_BASE_URL", "LANGFUSE_BASEURL", "LANGFUSE_HOST");
  if (!publicKey && !secretKey && !baseUrl) return undefined;
  if (!reading && isDisabled(env)) return "OTEL_SDK_DISABLED";
  if (!reading && /^(?:false|0)$/i.test(env.LANGFUSE_TRACING_ENABLED?.trim() ?? "")) return "LANGFUSE_TRACING_ENABLED";
  if (!publicKey || !secretKey) {
    const lacking = [publicKey ? "" : "LANGFUSE_PUBLIC_KEY", secretKey ? "" : "LANGFUSE_SECRET_KEY"];
    const missing = lacking.filter(Boolean).join(" and ");
    const present = (publicKey ?? secretKey ?? baseUrl)?.name;
    throw new ConfigurationError(
      missing,
      `${missing} missing: ${present} is set, but Langfuse needs both keys. Copy them from the project's settings (API keys), or unset ${present} to keep traces on this machine.`,
    );
  }
  const base = httpUrl(baseUrl ?? { name: "LANGFUSE_BASE_URL", value: DEFAULT_BASE_URL });
  // Some give the address that an OTLP exporter needs.
  const path = base.pathname.replace(/\/+$/, "").replace(/\/+api\/+public(?:\/+otel(?:\/+v1(?:\/+traces)?)?)?$/, "");
  base.pathname = `${path.replace(/\/+$/, "")}${LANGFUSE_TRACES_PATH}`;
  base.username = "";
  base.password = "";
  for (const { name, value } of [publicKey, secretKey]) {
    if (!isHeader("x-langfuse-public-key", value) || /[:\s]/.test(value)) {
      throw new ConfigurationError(name, `${name} holds characters that no Langfuse key has. Copy it again.`);
    }
  }
  const headers = {
    authorization: basicAuthorization(publicKey.value, secretKey.value),
    "x-langfuse-ingestion-version": "4",
    "x-langfuse-sdk-name": "looptrace",
    "x-langfuse-sdk-version": LOOPTRACE_VERSION,
    "x-langfuse-public-key": publicKey.value,
  };
  const credentials = { kind: "keys", publicKey: publicKey.name, secretKey: secretKey.name } as const;
  return createDestination(base, headers, {
    settings: { address: baseUrl?.name, credentials },
    timeoutMs: langfuseTimeoutMs(read),
    proxy: proxyFor(base, env),
  });
}

/** Langfuse's SDKs take seconds. */
function langfuseTimeoutMs(read: Read): number | undefined {
  const timeout = read(undefined, "", "LANGFUSE_TIMEOUT");
  if (timeout === undefined) return undefined;
  const ms = /^\d+(?:\.\d+)?$/.test(timeout.value) ? Math.ceil(Number(timeout.value) * 1000) : 0;
  if (ms > 0) return ms;
  const { name, value } = timeout;
  throw new ConfigurationError(name, `${name} is ${JSON.stringify(value)}; it takes seconds, such as 10.`);
}

function otlpDestination(
  { otlp, reading = false }: DestinationOptions,
  read: Read,
  env: Environment,
): Destination | string | undefined {
  const traces = read(otlp?.tracesEndpoint, "otlp.tracesEndpoint", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const general = read(undefined, "", "OTEL_EXPORTER_OTLP_ENDPOINT");
  const setting = traces ?? general;
  if (!setting) return undefined;
  if (!reading && isDisabled(env)) return "OTEL_SDK_DISABLED";
  if (!reading && !wantsOtlp(read(undefined, "", "OTEL_TRACES_EXPORTER"))) return "OTEL_TRACES_EXPORTER";
  const endpoint = httpUrl(setting);
  if (!traces) endpoint.pathname = `${endpoint.pathname.replace(/\/+$/, "")}/v1/traces`;
  const destination = otlpPlace("TRACES", endpoint, setting, otlp, read, env);
  const address = read(undefined, "", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
  const exporter = read(undefined, "", "OTEL_METRICS_EXPORTER");
  // No Langfuse takes metrics.
  if (destination.kind === "langfuse" || !wantsMetrics({ option: otlp?.metrics, exporter, address }))
    return destination;
  const place = address ? httpUrl(address) : metricsBeside(endpoint, setting.name);
  const metrics = asMetricsPlace(otlpPlace("METRICS", place, address ?? setting, otlp, read, env));
  return { ...destination, metrics, secrets: [...new Set([...destination.secrets, ...metrics.secrets])] };
}

/** Where one kind of data goes, by its own variables, else by the general ones. */
function otlpPlace(
  kind: "TRACES" | "METRICS",
  endpoint: URL,
  setting: Setting,
  otlp: DestinationOptions["otlp"],
  read: Read,
  env: Environment,
): Destination {
  const variables = readOtlpVariables((name) =>
    read(undefined, "", `OTEL_EXPORTER_OTLP_${kind}_${name}`, `OTEL_EXPORTER_OTLP_${name}`),
  );
  const headers: Record<string, string> = {};
  const names: string[] = endpoint.username || endpoint.password ? [setting.name] : [];
  for (const variable of ["OTEL_EXPORTER_OTLP_HEADERS", `OTEL_EXPORTER_OTLP_${kind}_HEADERS`]) {
    const text = read(undefined, "", variable);
    if (!text) continue;
    Object.assign(headers, otlpHeaders(variable, text.value));
    names.push(variable);
  }
  const own = Object.entries(otlp?.headers ?? {});
  if (own.length > 0) names.push("otlp.headers");
  for (const [name, value] of own) {
    if (!isHeader(name, value))
      throw new ConfigurationError("otlp.headers", `otlp.headers: "${name}" cannot be sent as a header.`);
    headers[name.toLowerCase()] = value;
  }
  return createDestination(endpoint, headers, {
    settings: { address: setting.name, credentials: { kind: "headers", names } },
    ...variables,
    shape: shapeIn(read(otlp?.shape, "otlp.shape", "LOOPTRACE_OTLP_SHAPE")),
    proxy: proxyFor(endpoint, env),
  });
}

function shapeIn(setting: Setting | undefined): SpanProfileName | undefined {
  if (setting === undefined) return undefined;
  const { name, value: said } = setting;
  const shape = said.toLowerCase();
  if (shape === "langfuse" || shape === "genai") return shape;
  throw new ConfigurationError(
    name,
    `${name} is ${JSON.stringify(said)}; it takes langfuse, for a collector that hands spans on to Langfuse, or genai.`,
  );
}

function httpUrl({ name, value }: Setting): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    throw new ConfigurationError(
      name,
      `${name} is not an address: it must begin with http:// or https://, for instance ${exampleFor({ name, value })}.`,
    );
  }
  return url;
}

/** @param setting its value is shown where it is a host and a port, which is no key that was put in the wrong place */
function exampleFor({ name, value }: Setting): string {
  const isOtlp = /^(?:OTEL_|otlp\.)/.test(name);
  const hostAndPort = /^[\w.-]+:\d{1,5}$/.test(value) ? value : undefined;
  if (!isOtlp)
    return hostAndPort === undefined ? `${DEFAULT_BASE_URL} or http://127.0.0.1:3000` : `http://${hostAndPort}`;
  const kind = /_(TRACES|METRICS)_/.exec(name)?.[1]?.toLowerCase() ?? (name === "otlp.tracesEndpoint" ? "traces" : "");
  return `http://${hostAndPort ?? "127.0.0.1:4318"}${kind === "" ? "" : `/v1/${kind}`}`;
}
