/**
 * What `GET /api/public/v2/observations` answers, by Langfuse's source (web/src/features/public-api/types/observations.ts,
 * packages/shared/src/server/repositories/events.ts): groups of fields, filters, order, cursor.
 */
import { z } from "zod";
import type { StoredObservation } from "./stored-observations.js";

/** An HTTP answer. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

const filter = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("stringOptions"),
    column: z.enum(["traceId", "sessionId", "name", "type", "id"]),
    operator: z.enum(["any of", "none of"]),
    value: z.array(z.string()).min(1),
  }),
  z.strictObject({
    type: z.literal("arrayOptions"),
    column: z.literal("tags"),
    operator: z.enum(["any of", "none of", "all of"]),
    value: z.array(z.string()),
  }),
]);

const GROUPS = ["core", "basic", "time", "io", "metadata", "model", "usage", "prompt", "metrics", "trace_context"];

const query = z.object({
  fields: z
    .string()
    .optional()
    .transform((text) => (text ?? "core,basic").split(",").filter((name) => GROUPS.includes(name))),
  limit: z.coerce.number().nonnegative().lte(1000).default(50),
  cursor: z.string().optional(),
  traceId: z.string().optional(),
  sessionId: z.string().optional(),
  environment: z.string().optional(),
  isRootObservation: z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .optional(),
  fromStartTime: z.iso.datetime({ offset: true }).optional(),
  filter: z
    .string()
    .transform((text) => z.array(filter).parse(JSON.parse(text)))
    .optional(),
});

const cursorOf = z.object({ lastStartTimeTo: z.coerce.date(), lastTraceId: z.string(), lastId: z.string() });

/** @param rows as they were written: what came twice is there twice */
export function answerObservations(rows: readonly StoredObservation[], params: URLSearchParams): ApiAnswer {
  const asked = query.safeParse(Object.fromEntries(params));
  if (!asked.success) return { status: 400, body: { message: "Invalid request data", error: asked.error.issues } };
  const { fields, limit, cursor, ...wanted } = asked.data;
  const matching = rows.filter((row) => matches(row, wanted)).sort(newestFirst);
  const last = cursor === undefined ? undefined : cursorOf.parse(JSON.parse(Buffer.from(cursor, "base64").toString()));
  const rest = last
    ? matching.filter(
        (row) =>
          newestFirst(
            { ...row, startTime: last.lastStartTimeTo.getTime(), traceId: last.lastTraceId, id: last.lastId },
            row,
          ) < 0,
      )
    : matching;
  const page = rest.slice(0, limit);
  const end = page.at(-1);
  const next =
    end && rest.length > limit
      ? {
          cursor: Buffer.from(
            JSON.stringify({
              lastStartTimeTo: new Date(end.startTime).toISOString(),
              lastTraceId: end.traceId,
              lastId: end.id,
            }),
          ).toString("base64"),
        }
      : {};
  return { status: 200, body: { data: page.map((row) => shown(row, new Set(fields))), meta: next } };
}

function matches(row: StoredObservation, wanted: Omit<z.output<typeof query>, "fields" | "limit" | "cursor">): boolean {
  const { traceId, sessionId, environment, isRootObservation, fromStartTime, filter: filters = [] } = wanted;
  const isRoot = row.parentObservationId === "" || row.isAppRoot;
  return (
    (traceId === undefined || row.traceId === traceId) &&
    (sessionId === undefined || row.sessionId === sessionId) &&
    (environment === undefined || row.environment === environment) &&
    (isRootObservation === undefined || isRoot === isRootObservation) &&
    (fromStartTime === undefined || row.startTime >= Date.parse(fromStartTime)) &&
    filters.every((one) => {
      if (one.type === "arrayOptions") {
        const has = one.value.map((tag) => row.tags.includes(tag));
        return one.operator === "all of" ? has.every(Boolean) : has.some(Boolean) === (one.operator === "any of");
      }
      const value = row[one.column];
      return one.value.includes(value ?? "") === (one.operator === "any of");
    })
  );
}

/** The server orders traces of the same moment by a hash; which one does not matter. */
function newestFirst(
  a: Pick<StoredObservation, "startTime" | "traceId" | "id">,
  b: Pick<StoredObservation, "startTime" | "traceId" | "id">,
): number {
  return b.startTime - a.startTime || compared(b.traceId, a.traceId) || compared(b.id, a.id);
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Texts in the small table are cut to so many characters; with `io` they come from the large one. */
const CUT = 200;

function shown(row: StoredObservation, groups: ReadonlySet<string>): object {
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const only = (group: string, fields: object): object => (groups.has(group) ? fields : {});
  return {
    id: row.id,
    traceId: row.traceId,
    startTime: iso(row.startTime),
    endTime: iso(row.endTime),
    projectId: "project",
    parentObservationId: row.parentObservationId === "" ? null : row.parentObservationId,
    type: row.type,
    ...only("basic", {
      name: row.name,
      level: row.level,
      statusMessage: row.statusMessage ?? "",
      version: row.version ?? "",
      environment: row.environment,
      bookmarked: false,
      public: false,
      userId: row.userId ?? "",
      sessionId: row.sessionId ?? "",
      isRootObservation: row.parentObservationId === "" || row.isAppRoot,
    }),
    ...only("time", {
      completionStartTime: iso(row.completionStartTime),
      createdAt: iso(row.writtenAt),
      updatedAt: iso(row.writtenAt),
    }),
    ...only("io", { input: row.input, output: row.output }),
    ...only("metadata", {
      metadata: Object.fromEntries(
        row.metadata
          .toReversed()
          .map(([name, value]) => [name, prioritised(groups.has("io") ? value : value.slice(0, CUT))]),
      ),
    }),
    ...only("model", { model: row.model, internalModelId: "", modelParameters: row.modelParameters }),
    ...only("usage", {
      usageDetails: row.usageDetails,
      costDetails: row.costDetails,
      totalCost: row.costDetails.total ?? 0,
      usagePricingTierName: null,
    }),
    ...only("metrics", { latency: (row.endTime - row.startTime) / 1000 || null }),
    ...only("trace_context", { traceName: row.traceName, tags: row.tags, release: row.release ?? "" }),
    modelId: null,
    inputPrice: null,
    outputPrice: null,
    totalPrice: null,
  };
}

/** Every text that is JSON is read as JSON. */
function prioritised(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
