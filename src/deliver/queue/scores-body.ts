import { z } from "zod";
import type { ItemRef } from "./request-kind.js";
import type { OtherRequest } from "./request-to-deliver.js";

/** What a score says; Langfuse tells the kinds apart by `dataType`. */
export type ScoreValue =
  | { readonly dataType: "NUMERIC"; readonly value: number }
  | { readonly dataType: "BOOLEAN"; readonly value: 0 | 1 }
  | { readonly dataType: "CATEGORICAL" | "TEXT"; readonly value: string };

/** What is scored: a trace or one of its spans, or a session. */
type ScoreTarget =
  | { readonly traceId: string; readonly observationId?: string; readonly sessionId?: undefined }
  | { readonly sessionId: string; readonly traceId?: undefined; readonly observationId?: undefined };

/** A score as Langfuse takes it. */
export type Score = ScoreValue &
  ScoreTarget & {
    /** The same for the same score: by it Langfuse replaces what it has, and a receipt says that it was sent. */
    readonly id: string;
    readonly name: string;
    /** ISO 8601; the same whenever the score is sent, as Langfuse files it by its day. */
    readonly timestamp: string;
    /** null takes one away that Langfuse has: what is left out stays there. */
    readonly comment?: string | null;
    readonly metadata?: Readonly<Record<string, unknown>>;
    /** As the trace has it. */
    readonly environment?: string;
    /**
     * What tells it from the same score with another value: that is sent again, and replaces what Langfuse has. Without
     * one it is sent once, whatever it says later.
     */
    readonly revision?: string;
  };

/** Langfuse's SDKs send no more at once. */
const MOST_SCORES = 100;

const event = z.looseObject({
  id: z.string(),
  body: z.looseObject({
    id: z.string(),
    traceId: z.string().nullish(),
    sessionId: z.string().nullish(),
    datasetRunId: z.string().nullish(),
  }),
});
const batchRequest = z.looseObject({ batch: z.array(event) });

/**
 * Requests to Langfuse's ingestion that create scores. The same scores give the same bytes.
 *
 * @param scores each with an id of its own
 */
export function scoresRequests(scores: readonly Score[]): readonly OtherRequest[] {
  const requests: OtherRequest[] = [];
  for (let at = 0; at < scores.length; at += MOST_SCORES) requests.push(request(scores.slice(at, at + MOST_SCORES)));
  return requests;
}

function request(scores: readonly Score[]): OtherRequest {
  const batch = scores.map(({ timestamp, revision, ...body }) => ({
    id: revision === undefined ? body.id : `${body.id}-${revision}`,
    type: "score-create",
    timestamp,
    body,
  }));
  const body = new TextEncoder().encode(JSON.stringify({ batch }, wellFormed));
  return { kind: "scores", body, items: batch.map(itemOf) };
}

/** One lone surrogate, and Langfuse loses all that it writes at that moment. */
function wellFormed(_: string, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}

/** @throws {Error} when the bytes are no such request */
export function scoresIn(body: Uint8Array): readonly ItemRef[] {
  return parse(body).batch.map(itemOf);
}

/** The ids by which Langfuse answers, in the order of the batch. @throws {Error} when the bytes are no such request */
export function scoreIdsIn(body: Uint8Array): readonly string[] {
  return parse(body).batch.map(({ id }) => id);
}

/** @throws {Error} when the bytes are no such request */
export function pickScores(body: Uint8Array, keep: (item: ItemRef) => boolean): Uint8Array {
  const request = parse(body);
  const batch = request.batch.filter((one) => keep(itemOf(one)));
  return new TextEncoder().encode(JSON.stringify({ ...request, batch }));
}

function itemOf({ id, body }: Pick<z.output<typeof event>, "id" | "body">): ItemRef {
  const { traceId, sessionId, datasetRunId } = body;
  const group = traceId ?? sessionId ?? datasetRunId ?? "";
  const replaces = id.startsWith(`${body.id}-`) ? { replaces: `score:${body.id}-` } : {};
  return { group, id: `score:${id}`, ...replaces };
}

function parse(body: Uint8Array): z.output<typeof batchRequest> {
  return batchRequest.parse(JSON.parse(new TextDecoder().decode(body)));
}
