import { validateHeaderName, validateHeaderValue } from "node:http";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { attempt } from "../../errors/thrown.js";
import { headerValue } from "../http/header-value.js";

/**
 * Reads `OTEL_EXPORTER_OTLP_HEADERS`: `key1=value1,key2=value2`, percent-encoded, as the OpenTelemetry specification
 * ("Specifying headers via environment variables") takes it from W3C Baggage.
 *
 * @param variable its name, for messages
 * @returns header names in lower case; of a name that comes twice, the last value
 * @throws {ConfigurationError} when an entry is no pair or cannot be a header. The message holds no value, as those
 *   are secrets
 */
export function otlpHeaders(variable: string, text: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [index, entry] of text.split(",").entries()) {
    if (entry.trim() === "") continue;
    const equals = entry.indexOf("=");
    const name = attempt(() => decodeURIComponent(entry.slice(0, Math.max(0, equals)).trim()))?.toLowerCase();
    if (!name) {
      throw new ConfigurationError(
        variable,
        `${variable}: entry ${index + 1} is not of the form name=value. Write name1=value1,name2=value2, with commas in values as %2C.`,
      );
    }
    const value = attempt(() => decodeURIComponent(entry.slice(equals + 1).trim()));
    if (value === undefined || !isHeader(name, value)) {
      throw new ConfigurationError(
        variable,
        `${variable}: the value of "${name}" cannot be sent as a header. Values are percent-encoded: write a percent sign as %25, a comma as %2C.`,
      );
    }
    headers[name] = value;
  }
  return headers;
}

/**
 * Whether a request can carry the pair. Asked of `node:http`, which sends them: its own error would print the value, and
 * to ask `Headers` has Node.js load all of `fetch`.
 */
export function isHeader(name: string, value: string): boolean {
  const valid = attempt(() => {
    validateHeaderName(name);
    validateHeaderValue(name, headerValue(value));
    return true;
  });
  return valid === true;
}
