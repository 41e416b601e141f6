import { LangfuseOtelSpanAttributes, MediaContentType } from "@langfuse/core";
import { type MediaLink, mediaHash, mediaId, mediaRequest } from "../deliver/queue/media-body.js";
import type { OtherRequest } from "../deliver/queue/request-to-deliver.js";
import type { FileShelf } from "../otel/file-shelf.js";
import { JsonText } from "../otel/json-text.js";
import type { AttributeList } from "../otel/span-data.js";
import { bytesText } from "../text/format.js";

/** The files of traces that are sent to Langfuse: each once, however many spans show it. */
export interface TraceFiles extends FileShelf {
  /** A request for each file that a span which was sent shows. */
  requests(): readonly OtherRequest[];
}

interface File {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly links: Map<string, MediaLink>;
}

/** @param limitBytes the largest file that is sent; 0 sends none */
export function createTraceFiles(limitBytes: number): TraceFiles {
  const byReference = new Map<string, File>();
  const known = new Map<string, ReturnType<FileShelf["put"]>>();

  function take(mime: string, base64: string): ReturnType<FileShelf["put"]> {
    if (limitBytes === 0) return { notSent: "" };
    const bytes = decode(base64);
    if (bytes === undefined) return { notSent: "it is no base64" };
    if (bytes.byteLength === 0) return { notSent: "it is empty" };
    if (bytes.byteLength > limitBytes) return { notSent: `larger than ${bytesText(limitBytes)}` };
    const contentType = typeFor(mime);
    const reference = `@@@langfuseMedia:type=${contentType}|id=${mediaId(mediaHash(bytes))}|source=base64_data_uri@@@`;
    if (!byReference.has(reference)) byReference.set(reference, { bytes, contentType, links: new Map() });
    return { reference };
  }

  return {
    put(mime, base64) {
      const key = `${mime},${base64}`;
      const taken = known.get(key) ?? take(mime, base64);
      known.set(key, taken);
      return taken;
    },
    sent({ traceId, spanId }, own) {
      if (byReference.size === 0) return;
      for (const [field, value] of shownTexts(own))
        for (const reference of value.match(REFERENCES) ?? []) {
          const link = { traceId, observationId: spanId, field };
          byReference.get(reference)?.links.set(`${traceId} ${spanId} ${field}`, link);
        }
    },
    requests: () =>
      [...byReference.values()].flatMap(({ bytes, contentType, links }) =>
        links.size === 0 ? [] : [mediaRequest(bytes, contentType, [...links.values()])],
      ),
  };
}

const REFERENCES = /@@@langfuseMedia:type=[^|@]+\|id=[\w-]{22}\|source=base64_data_uri@@@/g;

const FIELDS: readonly (readonly [attribute: string, field: MediaLink["field"]])[] = [
  [LangfuseOtelSpanAttributes.OBSERVATION_INPUT, "input"],
  [LangfuseOtelSpanAttributes.OBSERVATION_OUTPUT, "output"],
  [LangfuseOtelSpanAttributes.OBSERVATION_METADATA, "metadata"],
];

function shownTexts(own: AttributeList): readonly (readonly [MediaLink["field"], string])[] {
  return own.names.flatMap((name, index) => {
    const value = own.values[index];
    const [, field] = FIELDS.find(([attribute]) => name === attribute || name.startsWith(`${attribute}.`)) ?? [];
    if (field === undefined || !(typeof value === "string" || value instanceof JsonText)) return [];
    return [[field, String(value)] as const];
  });
}

const TYPES: ReadonlySet<string> = new Set(Object.values(MediaContentType));

/** Langfuse takes files of certain types; any other is a text, or just bytes. */
function typeFor(mime: string): string {
  const type = mime.toLowerCase();
  if (TYPES.has(type)) return type;
  return type.startsWith("text/") ? "text/plain" : "application/octet-stream";
}

function decode(base64: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(base64) ? Buffer.from(base64, "base64") : undefined;
}
