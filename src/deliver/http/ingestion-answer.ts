import { z } from "zod";
import type { Destination } from "../destinations/destination.js";
import { readObject } from "./acknowledgement.js";
import type { Answer } from "./exchange.js";
import { serverMessage } from "./response-text.js";
import type { OpenResult, SendResult } from "./send-result.js";

/** What Langfuse's ingestion answers (207): each event by its id. */
const ingestion = z.object({
  successes: z.array(z.looseObject({ id: z.string() })),
  errors: z.array(
    z.looseObject({
      id: z.string(),
      status: z.number(),
      message: z.string().nullish(),
      error: z.unknown().optional(),
    }),
  ),
});

/**
 * Reads which of a batch's events Langfuse took. One that it says nothing of is still open.
 *
 * @param ids of the events, in the order of the batch
 * @param signal ends the exchange
 * @throws the signal's reason when it was aborted meanwhile
 */
export async function readIngestion(
  destination: Destination,
  ids: readonly string[],
  response: Answer,
  signal: AbortSignal,
): Promise<SendResult> {
  const { status } = response;
  const said = await readObject(destination, "scores", response, signal);
  if ("kind" in said) return said;
  const answer = ingestion.safeParse(said.json).data;
  if (answer === undefined) {
    const message = `${destination.url} answers ${status} with something that is no answer of Langfuse's ingestion. Check the address.`;
    return { kind: "misdirected", status, message };
  }
  const done = new Set(answer.successes.map(({ id }) => id));
  const wrong = new Map(answer.errors.map((error) => [error.id, error]));
  const taken: number[] = [];
  const refused: { readonly at: number; readonly message: string }[] = [];
  let rest: OpenResult | undefined;
  for (const [at, id] of ids.entries()) {
    const error = wrong.get(id);
    if (done.has(id)) taken.push(at);
    else if (error !== undefined && isForGood(error.status)) {
      const why = serverMessage(JSON.stringify({ message: saidOf(error) }), false, destination.secrets);
      refused.push({ at, message: `${destination.label} answered ${error.status} for a score${why}` });
    } else rest = openBecause(destination, error?.status ?? status);
  }
  if (taken.length === ids.length) return { kind: "acknowledged" };
  return { kind: "itemised", taken, refused, rest };
}

function isForGood(status: number): boolean {
  return [400, 404, 409, 413, 422].includes(status);
}

function saidOf({ message, error }: z.output<typeof ingestion>["errors"][number]): string {
  return [message, typeof error === "string" ? error : undefined].filter(Boolean).join(": ");
}

function openBecause({ label }: Destination, status: number): OpenResult {
  const message = `${label} did not take some scores (${status})`;
  if (status === 401 || status === 403) return { kind: "unauthorised", status, message };
  if (status === 429) return { kind: "throttled", retryAfterMs: undefined, message };
  return { kind: "unavailable", retryAfterMs: undefined, message, answered: { by: "server", status } };
}
