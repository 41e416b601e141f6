import { z } from "zod";

const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .pipe(z.number());
const text = z
  .string()
  .nullish()
  .transform((value) => (value === "" || value === undefined ? null : value));
const counts = z
  .record(z.string(), z.coerce.number())
  .nullish()
  .transform((value) => value ?? {});

/**
 * An observation as `/api/public/v2/observations` answers it, as far as looptrace reads it. Fields of groups that were
 * not asked for are missing. Times become ms since the epoch.
 */
export const observation = z
  .object({
    id: z.string(),
    traceId: text,
    parentObservationId: text,
    startTime: moment,
    endTime: moment.nullish(),
    type: z.string().transform((type) => type.toUpperCase()),
    isRootObservation: z.boolean().optional(),
    name: text,
    level: text,
    statusMessage: text,
    version: text,
    environment: text,
    userId: text,
    sessionId: text,
    completionStartTime: moment.nullish(),
    updatedAt: moment.nullish(),
    input: z.unknown().optional(),
    output: z.unknown().optional(),
    metadata: z
      .record(z.string(), z.unknown())
      .nullish()
      .transform((value) => value ?? {}),
    // The server's schema names the field otherwise than its converter does.
    model: text,
    providedModelName: text,
    modelParameters: z.unknown().optional(),
    usageDetails: counts,
    costDetails: counts,
    totalCost: z.coerce.number().nullish(),
    traceName: text,
    tags: z
      .array(z.string())
      .nullish()
      .transform((value) => value ?? []),
    release: text,
  })
  .transform(({ model, providedModelName, endTime, completionStartTime, updatedAt, totalCost, ...rest }) => ({
    ...rest,
    model: model ?? providedModelName,
    endTime: endTime ?? null,
    completionStartTime: completionStartTime ?? null,
    updatedAt: updatedAt ?? null,
    totalCost: totalCost ?? null,
  }))
  .readonly();

/** One observation of Langfuse; times in ms since the epoch. */
export type Observation = z.output<typeof observation>;

/** A page of them. */
export const observationPage = z.object({
  data: z.array(observation),
  meta: z.object({ cursor: z.string().nullish() }).default({}),
});
