/**
 * What Langfuse's ingestion takes for a score; after packages/shared/src/server/ingestion/types.ts (`BaseScoreBody`,
 * `ScoreBody`, `scoreEvent`) and utils/scores.ts of Langfuse 4.16.
 */
import { z } from "zod";

const LONGEST_TEXT = 500;

/** Ids become keys of objects in a store. */
const id = z
  .string()
  .min(1)
  .max(800)
  .refine((text) => !text.includes("\r"));

/** Anything else is stored as `default` without a word. */
const environment = z.string().regex(/^(?!langfuse)[a-z0-9-_]{1,40}$/);

const base = z.object({
  id,
  name: z.string().min(1),
  traceId: z.string().nullish(),
  sessionId: z.string().nullish(),
  datasetRunId: z.string().nullish(),
  observationId: z.string().nullish(),
  environment: environment.nullish(),
  comment: z.string().nullish(),
  metadata: z.json().nullish(),
  configId: z.string().nullish(),
});

const body = z
  .discriminatedUnion("dataType", [
    base.extend({ dataType: z.literal("NUMERIC"), value: z.number() }).strict(),
    base.extend({ dataType: z.literal("BOOLEAN"), value: z.literal([0, 1]) }).strict(),
    base.extend({ dataType: z.literal("CATEGORICAL"), value: z.string() }).strict(),
    base.extend({ dataType: z.literal("TEXT"), value: z.string().min(1).max(LONGEST_TEXT) }).strict(),
  ])
  .refine(
    ({ traceId, sessionId, datasetRunId, observationId }) =>
      [traceId, sessionId, datasetRunId].filter(Boolean).length === 1 && (!observationId || Boolean(traceId)),
    "Provide exactly one of the following: traceId (with optional observationId), sessionId or datasetRunId.",
  );

/** An event of `POST /api/public/ingestion` that makes a score. Strict, so that a misspelt field is noticed. */
export const scoreEvent = z.strictObject({
  id,
  type: z.literal("score-create"),
  timestamp: z.iso.datetime({ offset: true }),
  body,
});

const batch = z.object({ batch: z.array(scoreEvent) });

/** A score as Langfuse shows it. */
export interface ShownScore {
  readonly value: unknown;
  readonly comment: string | null | undefined;
  readonly timestamp: string;
}

/**
 * What Langfuse shows of scores that it was sent, by their ids; after worker/src/queues/ingestionQueue.ts and
 * services/IngestionService of Langfuse 4.16. It keeps each event under its id, lists all events of a score by their
 * ids, sorts them by their moments in this very way, and lays each over those before: the first one's moment stays, and
 * so does what a later one says nothing of.
 *
 * @param bodies of requests to its ingestion, in the order in which they came
 */
export function shownScores(bodies: readonly unknown[]): ReadonlyMap<string, ShownScore> {
  const scores = new Map<string, Map<string, z.output<typeof scoreEvent>>>();
  for (const one of bodies.flatMap((json) => batch.parse(json).batch)) {
    const events = scores.get(one.body.id) ?? new Map<string, z.output<typeof scoreEvent>>();
    scores.set(one.body.id, events.set(one.id, one));
  }
  return new Map(
    [...scores].map(([name, events]) => {
      const listed = [...events.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      const sorted = listed.sort((a, b) => {
        const [one, other] = [Date.parse(a.timestamp), Date.parse(b.timestamp)];
        return one === other ? -1 : one - other;
      });
      const { comment } = sorted.findLast(({ body: { comment } }) => comment !== undefined)?.body ?? {};
      return [name, { value: sorted.at(-1)?.body.value, comment, timestamp: sorted[0]?.timestamp ?? "" }];
    }),
  );
}
