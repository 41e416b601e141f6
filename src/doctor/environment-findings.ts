import { variablesLeftAlone } from "../deliver/destinations/otlp-variables.js";
import type { DoctorFacts } from "./facts.js";
import { type Finding, ok, warning } from "./finding.js";

type Facts = Pick<DoctorFacts, "environment" | "mixedUpKeys">;

const CHECK = "environment";

/** Mistakes that are often made with variables: each works, and does something else than one might think. */
export function environmentFindings(facts: Facts): readonly Finding[] {
  const one = [doubledPath(facts), mixedUp(facts), quoted(facts), uncheckedCertificates(facts)];
  const mistakes = [...one, ...leftAlone(facts)].filter((mistake) => mistake !== undefined);
  if (mistakes.length === 0) return [ok(CHECK, "no variable that is often set wrongly is")];
  return mistakes;
}

/** OpenTelemetry's specification: `/v1/traces` is appended to the general variable, and not to the one for traces. */
function doubledPath({ environment }: Facts): Finding | undefined {
  const endpoint = set(environment.OTEL_EXPORTER_OTLP_ENDPOINT);
  if (endpoint === undefined || set(environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) !== undefined) return undefined;
  const path = URL.canParse(endpoint) ? new URL(endpoint).pathname : "";
  if (!/\/v1\/traces\/*$/.test(path)) return undefined;
  return warning(
    CHECK,
    "OTEL_EXPORTER_OTLP_ENDPOINT ends in /v1/traces, which is appended to it once more: spans go to …/v1/traces/v1/traces",
    "Leave /v1/traces out of it, or give the whole address as OTEL_EXPORTER_OTLP_TRACES_ENDPOINT.",
  );
}

function mixedUp({ mixedUpKeys }: Facts): Finding | undefined {
  if (!mixedUpKeys) return undefined;
  return warning(
    CHECK,
    "Langfuse's two keys are mixed up: the public one begins with pk-, the secret one with sk-",
    "Change them over (LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY, or langfuse.publicKey and langfuse.secretKey in looptrace.config.json).",
  );
}

/** Whether a key stands in the other one's place. Keys that begin otherwise may be a server's own. */
export function areMixedUp(publicKey: string | undefined, secretKey: string | undefined): boolean {
  return /^sk-/i.test(publicKey?.trim() ?? "") || /^pk-/i.test(secretKey?.trim() ?? "");
}

/** `docker run --env-file` and some CI systems take quotation marks for a part of the value. */
function quoted({ environment }: Facts): Finding | undefined {
  const names = Object.keys(environment).filter(
    (name) => /^(?:LANGFUSE|OTEL_EXPORTER_OTLP|LOOPTRACE)_/.test(name) && /^\s*["']/.test(environment[name] ?? ""),
  );
  if (names.length === 0) return undefined;
  return warning(
    CHECK,
    `quotation marks are a part of ${names.sort().join(", ")}`,
    "Write the value without them: files for `docker run --env-file`, among others, are taken as they are.",
  );
}

function uncheckedCertificates({ environment }: Facts): Finding | undefined {
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED !== "0") return undefined;
  return warning(
    CHECK,
    "NODE_TLS_REJECT_UNAUTHORIZED=0: no certificate is checked, so anybody in between can read keys and traces",
    "Unset it; for an authority of your own set NODE_EXTRA_CA_CERTS to its certificate.",
  );
}

/** What other programs of OpenTelemetry's would do with a variable; looptrace says that it does not. */
function leftAlone({ environment }: Facts): readonly Finding[] {
  return variablesLeftAlone(environment).map(({ name, why }) =>
    warning(CHECK, `${name} changes nothing here: ${why}`, "It may stay for other programs."),
  );
}

function set(value: string | undefined): string | undefined {
  return value?.trim() || undefined;
}
