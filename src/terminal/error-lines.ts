import type { ErrorFacts } from "../errors/error-facts.js";
import { duration } from "../text/format.js";

/** What is known of a failure beside its class and message, a fact each; not cleaned for a terminal yet. */
export function errorDetails(error: ErrorFacts): string[] {
  const { statusCode, provider, retryable } = error;
  return [
    statusCode === undefined ? "" : `HTTP ${statusCode}`,
    provider?.code === undefined ? "" : `code ${provider.code}`,
    provider?.type === undefined ? "" : `type ${provider.type}`,
    provider?.requestId === undefined ? "" : `request ${provider.requestId}`,
    provider?.url === undefined ? "" : provider.url,
    error.code === "rate_limit" ? `may be asked again at ${new Date(error.retryAt).toISOString()}` : "",
    error.code === "server_error" && error.retryAfterMs !== undefined
      ? `may be asked again after ${duration(error.retryAfterMs)}`
      : "",
    retryable ? "may go well later" : "trying again does not help",
  ].filter(Boolean);
}
