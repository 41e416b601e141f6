import { createHash } from "node:crypto";
import { z } from "zod";
import { defined } from "../../text/json-fields.js";
import type { ItemRef } from "./request-kind.js";
import type { OtherRequest } from "./request-to-deliver.js";

const link = z.object({
  traceId: z.string(),
  observationId: z.string().optional(),
  field: z.enum(["input", "output", "metadata"]),
});
const header = z.object({
  contentType: z.string(),
  contentLength: z.int(),
  /** Base64 of 32 bytes. */
  sha256Hash: z.string(),
  links: z.array(link),
});

/** Where in a trace a file stands: Langfuse shows it with that span. */
export type MediaLink = Readonly<z.output<typeof link>>;

/** A file for Langfuse's media API, as it lies in the outbox: a line of JSON, then its bytes. */
export interface Media extends z.output<typeof header> {
  readonly bytes: Uint8Array;
}

const LINE_END = 0x0a;

/** The id that Langfuse gives a file: 22 characters of its SHA-256, in base64 that may stand in an address. */
export function mediaId(sha256Hash: string): string {
  return sha256Hash.replaceAll("+", "-").replaceAll("/", "_").slice(0, 22);
}

/** @returns the SHA-256 as Langfuse wants it, in base64 */
export function mediaHash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

/**
 * A request of the outbox that uploads a file, and says which spans show it. The same file and links give the same
 * bytes.
 */
export function mediaRequest(bytes: Uint8Array, contentType: string, links: readonly MediaLink[]): OtherRequest {
  const media = {
    contentType,
    contentLength: bytes.byteLength,
    sha256Hash: mediaHash(bytes),
    links: [...links],
    bytes,
  };
  return { kind: "media", body: write(media), items: itemsOf(media) };
}

/** @throws {Error} when the bytes are no such request */
export function readMedia(body: Uint8Array): Media {
  const end = body.indexOf(LINE_END);
  const line = new TextDecoder().decode(body.subarray(0, Math.max(0, end)));
  const bytes = body.subarray(end + 1);
  const media = { ...header.parse(JSON.parse(line)), bytes };
  if (bytes.byteLength !== media.contentLength || mediaHash(bytes) !== media.sha256Hash)
    throw new Error("the file is not the one that its header tells of");
  return media;
}

/** @throws {Error} when the bytes are no such request */
export function mediaLinksIn(body: Uint8Array): readonly ItemRef[] {
  return itemsOf(readMedia(body));
}

/** @throws {Error} when the bytes are no such request */
export function pickMediaLinks(body: Uint8Array, keep: (item: ItemRef) => boolean): Uint8Array {
  const media = readMedia(body);
  return write({ ...media, links: media.links.filter((one) => keep(itemOf(media, one))) });
}

function write({ contentType, contentLength, sha256Hash, links, bytes }: Media): Uint8Array {
  const line = JSON.stringify({
    contentType,
    contentLength,
    sha256Hash,
    links: links.map(({ traceId, observationId, field }) => ({ traceId, ...defined({ observationId }), field })),
  });
  return Buffer.concat([new TextEncoder().encode(`${line}\n`), bytes]);
}

function itemsOf(media: Pick<Media, "sha256Hash" | "contentType" | "links">): readonly ItemRef[] {
  return media.links.map((one) => itemOf(media, one));
}

/** The same bytes under another type are uploaded once more: Langfuse keeps a type for each file, the last one. */
function itemOf(
  { sha256Hash, contentType }: Pick<Media, "sha256Hash" | "contentType">,
  { traceId, observationId, field }: MediaLink,
): ItemRef {
  return { group: traceId, id: `media:${mediaId(sha256Hash)}:${contentType}:${observationId ?? ""}:${field}` };
}
