import { createHash } from "node:crypto";
import type { SpanProfileName } from "../../otel/span-profile.js";
import type { ClientTls } from "./client-tls.js";
import { basicAuthorization, isLoopback } from "./http-address.js";
import type { HttpProxy } from "./proxy.js";

/** What may be shown and written to disk about a destination: nothing of it is secret. */
export interface DestinationInfo {
  /** Stable for as long as it is the same place: a hash of kind, address and public key, never of a secret. */
  readonly id: string;
  /** `langfuse`: the spans go to a Langfuse, whichever way it was configured. */
  readonly kind: "langfuse" | "otlp";
  /** For people: the host with what is special in its path, and the beginning of the public key. */
  readonly label: string;
  /** The address without user, password and parameters that look like secrets. */
  readonly url: string;
  /** The beginning of the public key, or of the user, that goes with the address; undefined where there is none. */
  readonly keyStart?: string | undefined;
}

/** Where spans go, and how. Holds secrets: never print it or write it down, that is what `DestinationInfo` is for. */
export interface Destination extends DestinationInfo {
  /** The address that requests are posted to. */
  readonly endpoint: string;
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** What must be blotted out of anything that the server says, should it echo it. */
  readonly secrets: readonly string[];
  /** Whether large bodies may be compressed. */
  readonly compression: "gzip" | "none";
  /** How the spans are written. */
  readonly protocol: OtlpProtocol;
  /** How long one exchange may take, in ms; undefined leaves it at the default. */
  readonly timeoutMs?: number | undefined;
  /** What requests go through; undefined where they go there directly. */
  readonly proxy?: HttpProxy | undefined;
  /** Certificates other than those that Node.js has. */
  readonly tls?: ClientTls | undefined;
  /** How spans look there: as Langfuse reads them, or by OpenTelemetry's GenAI conventions. */
  readonly shape: SpanProfileName;
  /** Where metrics go; undefined where none are sent. */
  readonly metrics?: MetricsPlace | undefined;
  /** What it was made of, for messages. */
  readonly settings: DestinationSettings;
}

/** Where metrics go, and how: what may differ from where the same backend takes spans. */
export type MetricsPlace = Pick<
  Destination,
  "endpoint" | "headers" | "secrets" | "compression" | "protocol" | "timeoutMs" | "proxy" | "tls"
>;

/** OTLP over HTTP in one of its two forms. */
export type OtlpProtocol = "http/json" | "http/protobuf";

/** Names of the settings that a destination was made of, for a person to look at. */
export interface DestinationSettings {
  /** What names the address; undefined where nothing does and it is the default. */
  readonly address: string | undefined;
  /** What names its keys, or its headers. */
  readonly credentials:
    | { readonly kind: "keys"; readonly publicKey: string; readonly secretKey: string }
    /** The variables or options that hold headers; none where no header is configured. */
    | { readonly kind: "headers"; readonly names: readonly string[] };
}

/** The part of a destination that may be shown and stored. */
export function destinationInfo({ id, kind, label, url, keyStart }: Destination): DestinationInfo {
  return { id, kind, label, url, keyStart };
}

/** Every Langfuse takes OTLP traces below this path. */
export const LANGFUSE_TRACES_PATH = "/api/public/otel/v1/traces";

export interface DestinationDetails extends Pick<Destination, "settings" | "timeoutMs" | "proxy" | "tls" | "metrics"> {
  /** Default: gzip, but for this machine itself, where it costs more than it saves. */
  readonly compression?: Destination["compression"] | undefined;
  /** Default: JSON. */
  readonly protocol?: OtlpProtocol | undefined;
  /** Default: by OpenTelemetry's GenAI conventions. Langfuse itself gets its own shape whatever is said here. */
  readonly shape?: SpanProfileName | undefined;
}

/** So much of a public key tells two projects apart, and does not fill the line. */
const KEY_START = 10;

/** How Langfuse's secret keys begin. Where the two keys were mixed up, one stands in the public key's place. */
const SECRET_KEY = /^sk-/i;

/**
 * Describes a destination from its address and headers.
 *
 * An address that ends with Langfuse's path is a Langfuse however it was configured, so the same project given once
 * with Langfuse's variables and once with OTel's has one id, and nothing is sent to it twice.
 *
 * @param endpoint the whole address; a user and password in it become Basic authentication
 * @param headers names in lower case
 */
export function createDestination(
  endpoint: URL,
  headers: Readonly<Record<string, string>>,
  { settings, compression, protocol, shape = "genai", timeoutMs, proxy, tls, metrics }: DestinationDetails,
): Destination {
  const bare = new URL(endpoint);
  bare.username = "";
  bare.password = "";
  const all = { ...basicFromUrl(endpoint), ...headers };
  const isLangfuse = bare.pathname.endsWith(LANGFUSE_TRACES_PATH);
  const kind = isLangfuse ? "langfuse" : "otlp";
  const basic = basicParts(all.authorization);
  const url = publicUrl(bare);
  const key = basic?.user ?? "";
  const keyStart = SECRET_KEY.test(key) ? "" : key.slice(0, KEY_START);
  // What all have at the end of it tells nothing; what is before tells two at one host apart.
  const place = `${bare.host}${bare.pathname.replace(/(?:\/api\/public\/otel)?\/v1\/traces\/?$/, "").replace(/\/$/, "")}`;
  return {
    id: createHash("sha256")
      .update(JSON.stringify([kind, url, key]))
      .digest("hex")
      .slice(0, 16),
    kind,
    label: keyStart === "" ? place : `${place} (${keyStart}${key.length > KEY_START ? "…" : ""})`,
    url,
    keyStart: keyStart === "" ? undefined : keyStart,
    endpoint: bare.href,
    headers: isLangfuse ? { "x-langfuse-ingestion-version": "4", ...all } : all,
    secrets: secretsOf(bare, all, basic, proxy?.authorization),
    compression: compression ?? (isLoopback(bare.hostname) ? "none" : "gzip"),
    protocol: protocol ?? "http/json",
    timeoutMs,
    proxy,
    tls,
    shape: isLangfuse ? "langfuse" : shape,
    metrics,
    settings,
  };
}

const SECRET_NAME = /key|token|secret|auth|sig|pass|cred|cookie|team/i;

/** An address that may be shown: without user and password, and with parameters that look like secrets blotted out. */
export function publicUrl(address: URL): string {
  const url = new URL(address);
  url.username = "";
  url.password = "";
  url.hash = "";
  for (const name of new Set(url.searchParams.keys())) {
    if (SECRET_NAME.test(name)) url.searchParams.set(name, "***");
  }
  return url.href;
}

function basicFromUrl({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  return { authorization: basicAuthorization(decodeURIComponent(username), decodeURIComponent(password)) };
}

interface BasicParts {
  readonly user: string;
  readonly password: string;
}

function basicParts(authorization: string | undefined): BasicParts | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  // Without a user in front the text is no pair of keys but perhaps a bare secret, which must not be shown.
  return colon < 1 ? undefined : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** Shorter values are no secrets, and blotting them out would make a message unreadable. */
const SHORTEST_SECRET = 6;

function secretsOf(
  url: URL,
  headers: Readonly<Record<string, string>>,
  basic: BasicParts | undefined,
  forProxy: string | undefined,
): readonly string[] {
  const isSecret = (name: string, value: string): boolean =>
    name === "authorization" || (SECRET_NAME.test(name) && (!name.endsWith("public-key") || SECRET_KEY.test(value)));
  const fromHeaders = Object.entries(headers).flatMap(([name, value]) =>
    isSecret(name, value) ? [value, value.replace(/^\S+\s+/, "")] : [],
  );
  const fromQuery = [...url.searchParams].filter(([name]) => SECRET_NAME.test(name)).map(([, value]) => value);
  const fromProxy = [forProxy?.replace(/^\S+\s+/, "") ?? "", basicParts(forProxy)?.password ?? ""];
  const all = [...fromHeaders, ...fromQuery, basic?.password ?? "", ...fromProxy];
  return [...new Set(all)].filter((secret) => secret.length >= SHORTEST_SECRET).sort((a, b) => b.length - a.length);
}
