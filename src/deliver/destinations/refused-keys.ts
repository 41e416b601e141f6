import { type Destination, LANGFUSE_TRACES_PATH } from "./destination.js";

/** Where a person would look: of a Langfuse its own address, not the one that traces are posted to. */
export function addressOf({ kind, url }: Pick<Destination, "kind" | "url">): string {
  return kind === "langfuse" ? url.replace(LANGFUSE_TRACES_PATH, "") : url;
}

/** What to look at where a destination refuses who asks (401) or what for (403): which settings; never a secret. */
export function refusedKeysAdvice(
  destination: Pick<Destination, "kind" | "url" | "keyStart" | "settings">,
  status: 401 | 403,
): string {
  const { kind, keyStart, settings } = destination;
  const { credentials } = settings;
  const address = addressOf(destination);
  const key = keyStart === undefined ? "" : ` (${keyStart}…)`;
  if (credentials.kind === "keys") {
    const both = `${credentials.publicKey}${key} and ${credentials.secretKey}`;
    if (status === 403) return `Check what ${both} may do at ${address}`;
    const elsewhere = " (the default; LANGFUSE_BASE_URL names another region or a server of your own)";
    const where = `${address}${settings.address === undefined ? elsewhere : ""}`;
    return `Check that ${both} belong together, and to a project of the Langfuse at ${where}`;
  }
  const { names } = credentials;
  if (names.length === 0) {
    return `No header says who is asking: set OTEL_EXPORTER_OTLP_HEADERS to what ${address} wants, such as authorization=Bearer%20…`;
  }
  const pair = kind === "langfuse" ? ", the Basic authorization of a public and a secret key," : "";
  return status === 403
    ? `Check what ${names.join(" and ")}${key}${pair} may do at ${address}`
    : `Check that ${names.join(" and ")}${key}${pair} holds what ${address} wants`;
}
