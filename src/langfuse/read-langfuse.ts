import type { Destination } from "../deliver/destinations/destination.js";
import { resolveDestinations } from "../deliver/destinations/resolve-destinations.js";
import type { Masking } from "../masking/mask.js";
import { maskRest } from "../masking/masked.js";
import { LangfuseApi } from "./api/langfuse-api.js";
import { langfuseAmong } from "./api/langfuse-destination.js";
import { readTraces } from "./find-traces.js";
import type { RemoteTrace } from "./read/read-trace.js";

/** Where traces are read back from. */
export interface ReadLangfuseOptions {
  /** Where it may be; the first Langfuse counts. Default: what the environment says. */
  readonly destinations?: readonly Destination[] | undefined;
  /** What is masked in what comes back; default as everywhere. */
  readonly masking?: Masking | undefined;
  /** Ends what is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Told what a person should know, a line each: that a rate limit is waited for, say. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * Reads traces back from a Langfuse. One that looptrace sent comes back as it was, but for what is not sent: what its
 * requests were made of, opencode's own ids, fractions of a millisecond. One of another tracer comes back as far as it
 * tells.
 *
 * @param ids ids of traces (32 hexadecimal digits) and of sessions; what is not there is left out
 * @param options by default the environment says which Langfuse, and with which keys
 * @throws {ConfigurationError} when no Langfuse is configured
 * @throws {LangfuseApiError} when it does not answer, refuses the keys, or is older than Langfuse 4
 *
 * @example
 * ```ts
 * import { readLangfuse } from "looptrace";
 *
 * for (const { trace, otherTracer } of await readLangfuse(["ses_e03b66d38ffe7m0arJ0ehJm9sO"]))
 *   console.log(trace.loop.totals.cost, otherTracer ?? "looptrace");
 * ```
 */
export async function readLangfuse(
  ids: readonly string[],
  options: ReadLangfuseOptions = {},
): Promise<readonly RemoteTrace[]> {
  const { destinations = resolveDestinations({ reading: true }), masking = {}, signal, onNote } = options;
  const api = new LangfuseApi(langfuseAmong(destinations), { signal, onNote });
  const found: RemoteTrace[] = [];
  const use = async ({ trace, ...about }: RemoteTrace): Promise<void> => {
    const { values } = await maskRest([trace], {}, masking);
    for (const masked of values) found.push({ trace: masked, ...about });
  };
  await readTraces(api, { kind: "named", ids }, {}, use, () => undefined);
  return found;
}
