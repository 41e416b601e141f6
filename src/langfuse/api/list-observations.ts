import { count } from "../../text/format.js";
import type { LangfuseApi } from "./langfuse-api.js";
import { LangfuseApiError } from "./langfuse-api-error.js";
import { type Observation, observationPage } from "./observation.js";

/** Which observations are asked for. */
export interface ObservationQuery {
  readonly traceId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Only those that no observation of their trace stands above. A server that does not know the question ignores it. */
  readonly isRootObservation?: boolean | undefined;
  /** ms since the epoch. */
  readonly from?: number | undefined;
  readonly environment?: string | undefined;
  /** Langfuse's filters, all of which must hold. */
  readonly filter?: readonly object[] | undefined;
}

/** What is wanted of each. `heads`: who and when, metadata cut to 200 characters; `whole`: all that is stored. */
export type ObservationFields = "heads" | "whole";

const GROUPS: Readonly<Record<ObservationFields, string>> = {
  heads: "core,basic,metadata,trace_context",
  // With io the metadata comes whole.
  whole: "core,basic,time,io,metadata,model,usage,trace_context",
};

/** A page with texts may be large: few at once, and fewer where they do not fit. */
const AT_ONCE: Readonly<Record<ObservationFields, number>> = { heads: 1000, whole: 200 };

/** A single observation may hold megabytes of text. */
const MOST_BYTES = 64 * 1024 * 1024;

/** So many pages are no list any more that a command line can show, but a server that never ends. */
const MOST_PAGES = 10_000;

/** As many small pages that fitted, and the next one is asked for four times as large. */
const FITTED = 4;

/**
 * Asks for observations page by page, the last that began first. One that the server has twice, since its database has
 * not merged what came twice, comes twice.
 *
 * @param most stop after so many
 * @throws {LangfuseApiError} when the server does not answer, or has no such endpoint (before Langfuse 4)
 */
export async function* listObservations(
  api: LangfuseApi,
  { from, filter, ...query }: ObservationQuery,
  fields: ObservationFields,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<Observation> {
  const full = Math.min(AT_ONCE[fields], most);
  let limit = full;
  let cursor: string | undefined;
  let [given, fitted] = [0, 0];
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await api
      .get("/v2/observations", observationPage, {
        query: {
          ...query,
          fromStartTime: from === undefined ? undefined : new Date(from).toISOString(),
          filter: filter && filter.length > 0 ? JSON.stringify(filter) : undefined,
          fields: GROUPS[fields],
          limit,
          cursor,
        },
        mostBytes: MOST_BYTES,
      })
      .catch((error: unknown) => {
        if (!(error instanceof LangfuseApiError)) throw error;
        if (error.kind === "too_large" && limit > 1) return undefined;
        throw error.kind === "missing" ? tooOld(error, api) : error;
      });
    if (!page) {
      [limit, fitted] = [Math.max(1, Math.floor(limit / 4)), 0];
      continue;
    }
    for (const one of page.data) {
      yield one;
      given += 1;
      if (given >= most) return;
    }
    const next = page.meta.cursor ?? undefined;
    if (next === undefined || page.data.length === 0 || next === cursor) return;
    cursor = next;
    fitted += 1;
    if (limit < full && fitted === FITTED) [limit, fitted] = [Math.min(full, limit * 4), 0];
  }
  const message = `${api.label} has more than ${count(MOST_PAGES)} pages of what is asked for, or its list never ends. Ask for less: single sessions, or a shorter --since.`;
  throw new LangfuseApiError("too_large", message);
}

function tooOld({ status }: LangfuseApiError, { label, orElsewhere }: LangfuseApi): LangfuseApiError {
  const message = `${label} has no /api/public/v2/observations (${status}): reading traces back needs Langfuse 4, or a 3 with its preview switched on; ${orElsewhere}.`;
  return new LangfuseApiError("missing", message, status);
}
