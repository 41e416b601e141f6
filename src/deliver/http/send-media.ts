import { z } from "zod";
import { type Destination, publicUrl } from "../destinations/destination.js";
import { proxyFor } from "../destinations/proxy.js";
import { type Media, type MediaLink, mediaId, readMedia } from "../queue/media-body.js";
import { looksLikePage, readObject } from "./acknowledgement.js";
import { type AskOptions, ask, DEFAULT_TIMEOUT_MS } from "./ask.js";
import type { Refusal } from "./classify.js";
import { readBounded } from "./response-text.js";
import type { OpenResult, SendResult } from "./send-result.js";
import { unfitForUpload } from "./upload-address.js";

/**
 * Uploads a file through Langfuse's media API, and tells it of each span that shows it:
 *
 * ```
 * POST /api/public/media ─► uploadUrl: null ─► done
 *                        └► uploadUrl ─► PUT the bytes there ─► PATCH /api/public/media/{id} ─► done
 * ```
 *
 * Whatever a kill leaves behind, all of it may be done again: the same bytes go to the same id.
 *
 * @param place where the API is
 * @param body as it lies in the outbox
 * @param options the timeout is for one exchange; an upload may take longer, by its size
 */
export async function sendMedia(place: Destination, body: Uint8Array, options: MediaOptions): Promise<SendResult> {
  const media = readMedia(body);
  const time = timeOf(place, options);
  const taken: number[] = [];
  const refused: { readonly at: number; readonly message: string }[] = [];
  let isThere = false;
  for (const [at, link] of media.links.entries()) {
    const result: LinkResult = time.isOver() ? OUT_OF_TIME : await sendLink(place, media, link, isThere, time);
    if (result === "taken" || result === "uploaded") taken.push(at);
    else if (result.kind === "rejected") refused.push({ at, message: result.message });
    else return taken.length + refused.length === 0 ? result : { kind: "itemised", taken, refused, rest: result };
    isThere ||= result === "uploaded";
  }
  return refused.length === 0 ? { kind: "acknowledged" } : { kind: "itemised", taken, refused, rest: undefined };
}

/** How long the upload of a file may take. */
export interface MediaOptions extends AskOptions {
  /** For all exchanges together, in ms; default without an end. */
  readonly budgetMs?: number;
}

/** However little time is left, an answer gets this long. */
const SHORTEST_TIMEOUT_MS = 1000;

/** A line that is slower than so many bytes a ms uploads no large files. */
const SLOWEST_BYTES_PER_MS = 128;

const OUT_OF_TIME: OpenResult = {
  kind: "unavailable",
  retryAfterMs: undefined,
  message: "the time for delivery ran out",
};

interface Time {
  isOver(): boolean;
  /** What an exchange may take that sends so many bytes of a file. */
  forBytes(bytes: number): AskOptions;
}

function timeOf(place: Destination, { budgetMs = Number.POSITIVE_INFINITY, ...options }: MediaOptions): Time {
  const end = performance.now() + budgetMs;
  const { timeoutMs = place.timeoutMs ?? DEFAULT_TIMEOUT_MS } = options;
  return {
    isOver: () => performance.now() >= end,
    forBytes: (bytes) => {
      const left = Math.max(SHORTEST_TIMEOUT_MS, end - performance.now());
      return { ...options, timeoutMs: Math.min(timeoutMs + bytes / SLOWEST_BYTES_PER_MS, left) };
    },
  };
}

type LinkResult = "taken" | "uploaded" | Refusal;

/**
 * @param isThere whether the file was put into the storage a moment ago: some Langfuses name an address again and again
 *   for a storage that says 201
 */
async function sendLink(
  place: Destination,
  media: Media,
  link: MediaLink,
  isThere: boolean,
  time: Time,
): Promise<LinkResult> {
  for (let tries = 1; ; tries += 1) {
    const target = await askWhereTo(place, media, link, time.forBytes(0));
    if (target.kind !== "known") return target;
    if (target.uploadUrl === null || isThere) return "taken";
    const started = Date.now();
    const status = await upload(place, media, target.uploadUrl, time.forBytes(media.bytes.byteLength));
    if (typeof status === "number") {
      return confirm(place, media, { status, uploadTimeMs: Date.now() - started }, time.forBytes(0));
    }
    if (!isForAddress(status)) return status;
    // The address may have expired meanwhile; Langfuse gives another one.
    if (tries === 2) return { kind: "misdirected", status: status.status, message: status.message };
  }
}

/** What of a refusal is the address's fault, and not the file's: storages say with 400, too, that a key has expired. */
function isForAddress(result: Refusal): result is Extract<Refusal, { readonly kind: "unauthorised" | "rejected" }> {
  if (result.kind === "unauthorised") return true;
  return (
    result.kind === "rejected" && result.status === 400 && !/Digest|TooLarge|TooLong|Mismatch/.test(result.message)
  );
}

const uploadAnswer = z.object({ mediaId: z.string(), uploadUrl: z.string().nullish() });

type Target = { readonly kind: "known"; readonly uploadUrl: string | null };

async function askWhereTo(
  place: Destination,
  { contentType, contentLength, sha256Hash }: Media,
  link: MediaLink,
  options: AskOptions,
): Promise<Target | Refusal> {
  const bytes = json({ ...link, contentType, contentLength, sha256Hash });
  const result = await ask<Target | Refusal>(
    place,
    { method: "POST", bytes, ...ABOUT },
    options,
    async (answer, signal) => {
      const { status } = answer;
      const object = await readObject(place, "files", answer, signal);
      if ("kind" in object) return object;
      const said = uploadAnswer.safeParse(object.json).data;
      if (said === undefined) {
        const message = `${place.url} answers ${status} with something that is no answer of Langfuse's media API. Check the address.`;
        return { kind: "misdirected", status, message };
      }
      if (said.mediaId !== mediaId(sha256Hash)) {
        // The span refers to the file by the id that everybody derives from its bytes.
        const message = `${place.label} knows a file by another id than its bytes have`;
        return { kind: "rejected", status, message };
      }
      return { kind: "known", uploadUrl: said.uploadUrl ?? null };
    },
  );
  return result.kind === "unavailable" ? storageMissing(place, result) : result;
}

const ABOUT = { type: "application/json", what: "files" } as const;

/** A Langfuse of one's own may have no storage for files; asking again and again would only cost time. */
function storageMissing(place: Destination, result: Extract<OpenResult, { kind: "unavailable" }>): OpenResult {
  if (!/not enabled or no bucket configured/i.test(result.message)) return result;
  const message = `${place.label} has no storage for files (LANGFUSE_S3_MEDIA_UPLOAD_BUCKET is not set there)`;
  return { kind: "misdirected", status: result.answered?.status ?? 500, message };
}

/** @returns the status with which the storage took the file */
async function upload(
  place: Destination,
  { contentType, sha256Hash, bytes }: Media,
  uploadUrl: string,
  options: AskOptions,
): Promise<number | Refusal> {
  const url = URL.canParse(uploadUrl) ? new URL(uploadUrl) : undefined;
  const unfit = url === undefined ? "is none" : unfitForUpload(url, new URL(place.endpoint));
  if (url === undefined || unfit !== undefined) {
    const message = `${place.label} names an address for a file that ${unfit}; nothing is sent there`;
    return { kind: "misdirected", status: 201, message };
  }
  const storage = storageAt(url, place);
  if (storage === undefined) {
    return {
      kind: "blocked",
      status: 407,
      message: `no usable proxy leads to ${url.host}, where files of ${place.label} are kept`,
    };
  }
  // Google's storage refuses the headers that the others want.
  const isGoogle = url.hostname === "storage.googleapis.com" || url.hostname.endsWith(".storage.googleapis.com");
  const headers = isGoogle ? {} : { "x-amz-checksum-sha256": sha256Hash, "x-ms-blob-type": "BlockBlob" };
  const asking = { method: "PUT", bytes, type: contentType, headers, what: "files" } as const;
  return ask<number | Refusal>(storage, asking, options, async (answer) => {
    const { status } = answer;
    if (!looksLikePage(await readBounded(answer), answer)) return status;
    const message = `${storage.label} answers ${status} with a web page, so the file is not there: a proxy or a login page stands before it`;
    return { kind: "misdirected", status, message };
  });
}

/**
 * Where files of a Langfuse are kept. The address alone gives the right to write there: no key of the user's goes to it,
 * and no client certificate.
 */
function storageAt(url: URL, place: Destination): Destination | undefined {
  try {
    const proxy = proxyFor(url, process.env);
    const ca = place.tls?.ca;
    return {
      ...place,
      endpoint: url.href,
      url: publicUrl(url),
      label: url.host,
      headers: {},
      secrets: [...place.secrets, ...url.searchParams.values()].filter(({ length }) => length >= 6),
      // Files are compressed already, and signed as they are.
      compression: "none",
      proxy,
      tls: ca === undefined ? undefined : { ca },
    };
  } catch {
    return undefined;
  }
}

/** Langfuse shows no file before it knows that its bytes are there. */
async function confirm(
  place: Destination,
  { sha256Hash }: Media,
  { status, uploadTimeMs }: { readonly status: number; readonly uploadTimeMs: number },
  options: AskOptions,
): Promise<"uploaded" | Refusal> {
  const own = new URL(place.endpoint);
  own.pathname += `/${mediaId(sha256Hash)}`;
  const bytes = json({ uploadedAt: new Date().toISOString(), uploadHttpStatus: status, uploadTimeMs });
  const at = { ...place, endpoint: own.href, url: publicUrl(own) };
  return ask<"uploaded" | Refusal>(at, { method: "PATCH", bytes, ...ABOUT }, options, async (answer, signal) => {
    const object = await readObject(at, "files", answer, signal);
    return "kind" in object ? object : "uploaded";
  });
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
