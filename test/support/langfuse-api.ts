import { createHash } from "node:crypto";
import { z } from "zod";

/** How Langfuse answers, and what it takes; the schemas say what those in its own source say. */
export interface LangfuseApi {
  /** Answers what is no trace; undefined for a path that is none of these. */
  answer(request: ApiRequest, found: string[]): ApiAnswer | undefined;
  /** Each score that was taken, one that came twice twice. */
  readonly scores: readonly ReceivedScore[];
  /** The files, by their ids. */
  readonly media: ReadonlyMap<string, ReceivedMedia>;
}

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Where the server itself is. */
  readonly origin: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly json: unknown;
}

/** What is refused although it is well-formed. */
export interface ApiBehaviour {
  /** Scores with these ids are answered with this status each. */
  readonly scoreErrors?: Readonly<Record<string, number>>;
  /** What `POST /api/public/media` answers instead. */
  readonly mediaAnswer?: ApiAnswer;
  /** What the storage answers to a file, one after the other; then it takes it. */
  readonly storageScript?: number[];
  /** Where files are to be put; default: below the server itself. */
  readonly storageUrl?: string;
}

// packages/shared/src/server/ingestion/types.ts: BaseScoreBody, ScoreBody, scoreEvent
const baseScore = z.object({
  id: z.string().min(1).max(800).nullish(),
  name: z.string().min(1),
  traceId: z.string().nullish(),
  sessionId: z.string().nullish(),
  datasetRunId: z.string().nullish(),
  environment: z
    .string()
    .regex(/^(?!langfuse)[a-z0-9-_]+$/)
    .max(40)
    .nullish(),
  observationId: z.string().nullish(),
  comment: z.string().nullish(),
  metadata: z.json().nullish(),
  source: z.enum(["API", "EVAL", "ANNOTATION"]).default("API"),
});
const scoreBody = z
  .discriminatedUnion("dataType", [
    baseScore.extend({ value: z.number(), dataType: z.literal("NUMERIC"), configId: z.string().nullish() }),
    baseScore.extend({ value: z.string(), dataType: z.literal("CATEGORICAL"), configId: z.string().nullish() }),
    baseScore.extend({
      value: z.union([z.literal(0), z.literal(1)]),
      dataType: z.literal("BOOLEAN"),
      configId: z.string().nullish(),
    }),
    baseScore.extend({
      value: z.string().min(1).max(500),
      dataType: z.literal("TEXT"),
      configId: z.string().nullish(),
    }),
  ])
  .refine(
    ({ traceId, sessionId, datasetRunId, observationId }) =>
      [traceId, sessionId, datasetRunId].filter(Boolean).length === 1 && (!observationId || Boolean(traceId)),
    "Provide exactly one of traceId, sessionId or datasetRunId",
  );
const scoreEvent = z.object({
  id: z.string().min(1).max(800),
  timestamp: z.iso.datetime({ offset: true }),
  metadata: z.json().nullish(),
  type: z.literal("score-create"),
  body: scoreBody,
});
const ingestion = z.object({ batch: z.array(z.unknown()), metadata: z.json().nullish() });

/** A score as it came over the wire, with the time of its event. */
export type ReceivedScore = z.output<typeof scoreBody> & { readonly timestamp: string };

// packages/shared/src/domain/media.ts
const CONTENT_TYPES: ReadonlySet<string> = new Set(
  `image/png image/jpeg image/jpg image/webp image/gif image/svg+xml image/tiff image/bmp image/avif image/heic audio/mpeg
  audio/mp3 audio/wav audio/ogg audio/oga audio/aac audio/mp4 audio/flac audio/opus audio/webm video/mp4 video/webm
  video/ogg video/mpeg video/quicktime video/x-msvideo video/x-matroska text/plain text/html text/css text/csv
  text/markdown text/x-python application/javascript text/x-typescript application/x-yaml application/pdf
  application/msword application/vnd.ms-excel application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
  application/zip application/json application/xml application/octet-stream
  application/vnd.openxmlformats-officedocument.wordprocessingml.document
  application/vnd.openxmlformats-officedocument.presentationml.presentation application/rtf application/x-ndjson
  application/vnd.apache.parquet application/gzip application/x-tar application/x-7z-compressed`.split(/\s+/),
);
// web/src/features/media/validation.ts: TraceMediaUploadSchema, PatchMediaBodySchema
const mediaUpload = z.object({
  contentType: z.string().refine((type) => CONTENT_TYPES.has(type), "Invalid content type"),
  contentLength: z.number().positive().int(),
  sha256Hash: z.string().regex(/^[A-Za-z0-9+/=]{44}$/),
  traceId: z.string(),
  observationId: z.string().nullish(),
  field: z.enum(["input", "output", "metadata"]),
});
const mediaPatch = z.object({
  uploadedAt: z.coerce.date(),
  uploadHttpStatus: z.number().positive().int(),
  uploadHttpError: z.string().nullish(),
  uploadTimeMs: z.number().nullish(),
});

/** A file as Langfuse has it. */
export interface ReceivedMedia {
  readonly contentType: string;
  readonly contentLength: number;
  readonly sha256Hash: string;
  /** Undefined until it was put; how often it was. */
  bytes: Buffer | undefined;
  puts: number;
  /** As the sender said by PATCH; undefined until then. */
  uploadHttpStatus: number | undefined;
  readonly links: { readonly traceId: string; readonly observationId: string | undefined; readonly field: string }[];
}

const INGESTION = /\/api\/public\/ingestion$/;
const MEDIA = /\/api\/public\/media(?:\/([^/?]+))?$/;
const STORAGE = /^\/storage\/([^/?]+)\?/;

/** Langfuse's ingestion of scores and its media API, with the storage that it lets files be put into. */
export function langfuseApi(behaviour: () => ApiBehaviour): LangfuseApi {
  const scores: ReceivedScore[] = [];
  const media = new Map<string, ReceivedMedia>();

  return {
    scores,
    media,
    answer(request, found) {
      const { method, path } = request;
      if (STORAGE.test(path)) return put(request, found);
      if (INGESTION.test(path) && method === "POST") return ingest(request, found);
      const [matched, id] = MEDIA.exec(path) ?? [];
      if (matched === undefined) return undefined;
      if (id === undefined && method === "POST") return whereTo(request, found);
      if (id !== undefined && method === "PATCH") return confirmed(id, request, found);
      return undefined;
    },
  };

  function ingest({ body }: ApiRequest, found: string[]): ApiAnswer {
    const { data } = ingestion.safeParse(jsonOf(body));
    if (data === undefined) {
      found.push("a batch that is none");
      return { status: 400, json: { message: "Invalid request data", errors: [] } };
    }
    const successes: object[] = [];
    const errors: object[] = [];
    for (const one of data.batch) {
      const event = scoreEvent.safeParse(one);
      const id = z.looseObject({ id: z.string() }).safeParse(one).data?.id ?? "unknown";
      const status = behaviour().scoreErrors?.[id];
      if (!event.success) {
        found.push(`a score that Langfuse refuses: ${event.error.message}`);
        errors.push({ id, status: 400, message: "Invalid request data", error: event.error.message });
      } else if (status !== undefined) errors.push({ id, status, error: "as the test has it" });
      else {
        const { body, timestamp } = event.data;
        if (JSON.stringify(body).includes("\\ud")) found.push("a lone surrogate in a score");
        scores.push({ ...body, timestamp });
        successes.push({ id, status: 201 });
      }
    }
    return { status: 207, json: { successes, errors } };
  }

  function whereTo({ body, origin }: ApiRequest, found: string[]): ApiAnswer {
    const { mediaAnswer, storageUrl = `${origin}/storage` } = behaviour();
    if (mediaAnswer !== undefined) return mediaAnswer;
    const { data, error } = mediaUpload.safeParse(jsonOf(body));
    if (data === undefined) {
      found.push(`a file that Langfuse refuses: ${error.message}`);
      return { status: 400, json: { message: "Invalid request data", error: error.issues } };
    }
    const { contentType, contentLength, sha256Hash, traceId, observationId, field } = data;
    const mediaId = sha256Hash.replaceAll("+", "-").replaceAll("/", "_").slice(0, 22);
    const known = media.get(mediaId);
    const file: ReceivedMedia =
      known?.contentType === contentType
        ? known
        : { contentType, contentLength, sha256Hash, bytes: undefined, puts: 0, uploadHttpStatus: undefined, links: [] };
    media.set(mediaId, file);
    const link = { traceId, observationId: observationId ?? undefined, field };
    if (!file.links.some((one) => JSON.stringify(one) === JSON.stringify(link))) file.links.push(link);
    const uploadUrl = file.uploadHttpStatus === 200 ? null : `${storageUrl}/${mediaId}?X-Amz-Signature=signed-for-you`;
    return { status: 201, json: { mediaId, uploadUrl } };
  }

  /** As an S3 does with a signed address. */
  function put({ method, path, headers, body }: ApiRequest, found: string[]): ApiAnswer {
    const file = media.get(STORAGE.exec(path)?.[1] ?? "");
    for (const name of ["authorization", "x-langfuse-public-key", "content-encoding"])
      if (headers[name] !== undefined) found.push(`${name} in what goes to the storage`);
    if (method !== "PUT" || file === undefined) {
      found.push(`${method} to the storage`);
      return { status: 404, json: {} };
    }
    const status = behaviour().storageScript?.shift() ?? 200;
    if (status !== 200 && status !== 201) return { status, json: { message: "as the test has it" } };
    const hash = createHash("sha256").update(body).digest("base64");
    const isSigned =
      headers["content-type"] === file.contentType &&
      headers["x-amz-checksum-sha256"] === file.sha256Hash &&
      hash === file.sha256Hash &&
      body.byteLength === file.contentLength;
    if (!isSigned) {
      found.push("a file that is not what its address was signed for");
      return { status: 403, json: { message: "SignatureDoesNotMatch" } };
    }
    file.bytes = body;
    file.puts += 1;
    return { status, json: {} };
  }

  function confirmed(id: string, { body }: ApiRequest, found: string[]): ApiAnswer {
    const file = media.get(id);
    const { data } = mediaPatch.safeParse(jsonOf(body));
    if (file === undefined) return { status: 404, json: { message: `Media asset ${id} not found` } };
    if (data === undefined || file.bytes === undefined) {
      found.push("a file is said to be there and is not");
      return { status: 400, json: { message: "Invalid request data" } };
    }
    file.uploadHttpStatus = data.uploadHttpStatus;
    return { status: 200, json: { message: "OK" } };
  }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
