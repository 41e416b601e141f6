import { type DestinationOptions, resolveDestinations } from "../deliver/destinations/resolve-destinations.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { environmentName, type TraceOptions } from "../otel/options.js";
import { parseTraceparent } from "../otel/parse-traceparent.js";
import type { ConfigFile } from "./config-file.js";
import { destinationOptions, type Environment } from "./destination-options.js";
import { userPricesOf } from "./user-prices.js";

/** The options about the trace that several commands share, as commander hands them over. */
export interface TraceFlags {
  readonly traceName?: string;
  readonly user?: string;
  readonly tag?: readonly string[];
  readonly environment?: string;
  readonly release?: string;
  readonly metadata?: readonly string[];
  /** False with `--no-content`. */
  readonly content?: boolean;
  /** False with `--no-scores`; undefined leaves it to the configuration. */
  readonly scores?: boolean;
  /** True with `--phases`; undefined leaves it to the configuration. */
  readonly phases?: boolean;
}

/** What the trace says and where it goes: flags over environment over `looptrace.config.json` over defaults. */
export interface Settings {
  readonly file: ConfigFile;
  readonly trace: TraceOptions;
  readonly destinations: DestinationOptions;
  /** How much the outbox may hold; undefined leaves it at the default. */
  readonly outboxLimitBytes: number | undefined;
}

/** @throws {ConfigurationError} when a setting cannot be used; it names the setting */
export function settingsWith(file: ConfigFile, flags: TraceFlags, env: Environment): Settings {
  const environment = checkedEnvironment(flags.environment, env.LANGFUSE_TRACING_ENVIRONMENT) ?? file.environment;
  const userId = flags.user ?? (env.LANGFUSE_USER_ID || file.userId);
  const release = flags.release ?? (env.LANGFUSE_RELEASE || file.release);
  const traceName = flags.traceName ?? file.traceName;
  const tags = [...(file.tags ?? []), ...(flags.tag ?? [])];
  const metadata = { ...file.metadata, ...metadataOf(flags.metadata ?? []) };
  const resourceAttributes = resourceAttributesOf(env.OTEL_RESOURCE_ATTRIBUTES);
  const serviceName = env.OTEL_SERVICE_NAME || resourceAttributes["service.name"];
  const prices = userPricesOf(file);
  const parent = env.TRACEPARENT ? parseTraceparent(env.TRACEPARENT) : undefined;
  return {
    file,
    trace: {
      ...(traceName === undefined ? {} : { traceName }),
      ...(userId === undefined ? {} : { userId }),
      ...(tags.length === 0 ? {} : { tags }),
      ...(environment === undefined ? {} : { environment }),
      ...(release === undefined ? {} : { release }),
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
      ...(parent === undefined ? {} : { parent }),
      ...(prices.length === 0 ? {} : { prices }),
      ...(serviceName === undefined ? {} : { serviceName }),
      ...((flags.content ?? true) && (file.content ?? true) ? {} : { content: false }),
      ...((flags.scores ?? file.scores ?? true) ? {} : { scores: false }),
      ...((flags.phases ?? file.phases) === true ? { phases: true } : {}),
      ...(file.textLimit === undefined ? {} : { textLimit: file.textLimit }),
      ...(file.fileLimitMb === undefined ? {} : { fileLimitBytes: file.fileLimitMb * 1e6 }),
      resourceAttributes,
    },
    destinations: destinationOptions(file, env),
    outboxLimitBytes: file.outboxLimitMb === undefined ? undefined : file.outboxLimitMb * 1e6,
  };
}

/** The keys that looptrace would send or read with; none where the settings make no destination. */
export function destinationKeys(file: ConfigFile, env: Environment): readonly string[] {
  try {
    return resolveDestinations({ ...destinationOptions(file, env), reading: true }).flatMap(({ secrets }) => secrets);
  } catch (error) {
    // A command that only shows sessions need not tell it.
    if (error instanceof ConfigurationError) return [];
    throw error;
  }
}

function checkedEnvironment(flag: string | undefined, variable: string | undefined): string | undefined {
  const value = flag ?? (variable || undefined);
  if (value === undefined) return undefined;
  const name = flag === undefined ? "LANGFUSE_TRACING_ENVIRONMENT" : "--environment";
  const result = environmentName.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigurationError(
    name,
    `${name} ${JSON.stringify(value)}: Langfuse would silently store that as "default".\nIt ${result.error.issues[0]?.message}, such as staging.`,
  );
}

function metadataOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new ConfigurationError(
        "--metadata",
        `--metadata ${JSON.stringify(pair)}: ${at === 0 ? "the key is missing" : "there is no = in it"}.\nSay key=value, such as ticket=42.`,
      );
    }),
  );
}

/** `key=value,key=value` with percent-encoded values, as the OpenTelemetry specification has it. */
function resourceAttributesOf(text: string | undefined): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const pair of (text ?? "").split(",")) {
    const at = pair.indexOf("=");
    if (at <= 0) continue;
    try {
      attributes[pair.slice(0, at).trim()] = decodeURIComponent(pair.slice(at + 1).trim());
    } catch {
      throw new ConfigurationError(
        "OTEL_RESOURCE_ATTRIBUTES",
        `OTEL_RESOURCE_ATTRIBUTES: the value of ${pair.slice(0, at).trim()} is not percent-encoded.\nWrite key=value,key=value, and a % in a value as %25.`,
      );
    }
  }
  return attributes;
}
