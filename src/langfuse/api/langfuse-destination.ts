import type { Destination } from "../../deliver/destinations/destination.js";
import { ConfigurationError } from "../../errors/configuration-error.js";

/**
 * The Langfuse among the destinations; the first one where there are two.
 *
 * @throws {ConfigurationError} when there is none
 */
export function langfuseAmong(destinations: readonly Destination[]): Destination {
  const found = destinations.find(({ kind }) => kind === "langfuse");
  if (found) return found;
  throw new ConfigurationError(
    "LANGFUSE_PUBLIC_KEY",
    "No Langfuse is configured: set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY (and LANGFUSE_BASE_URL). The keys are those of the project's settings.",
  );
}
