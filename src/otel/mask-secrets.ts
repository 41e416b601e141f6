import type { Attributes } from "@opentelemetry/api";
import type { SpanData } from "./span-data.js";

const MASK = "[masked]";

/** Masks secrets in all that a span says; a span without any is handed back as it is. */
export type SpanMask = (span: SpanData) => SpanData;

/**
 * @param secrets what must not be sent, such as the destinations' own keys: an agent that prints its environment has them
 *   in a tool's result
 */
export function spanMask(secrets: readonly string[]): SpanMask {
  if (secrets.length === 0) return (span) => span;
  // The longest first, since one may be the beginning of another. Attributes hold JSON, in which a quote is escaped.
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    longestFirst.map((secret) => secret.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"),
    "g",
  );
  const masked = (text: string): string => text.replace(pattern, MASK);
  return (span) => ({
    ...span,
    name: masked(span.name),
    attributes: maskedAttributes(span.attributes, masked),
    errorMessage: span.errorMessage === null ? null : masked(span.errorMessage),
    exception: span.exception && { ...span.exception, message: masked(span.exception.message) },
  });
}

function maskedAttributes(attributes: Attributes, masked: (text: string) => string): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => {
      if (typeof value === "string") return [name, masked(value)];
      if (!Array.isArray(value)) return [name, value];
      const texts = value.flatMap((item) => (typeof item === "string" ? [masked(item)] : []));
      return [name, texts.length === value.length ? texts : value];
    }),
  );
}
