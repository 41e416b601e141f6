import { z } from "zod";
import { attempt } from "../../errors/thrown.js";
import { isFields } from "../../text/json-fields.js";
import type { Destination } from "../destinations/destination.js";
import type { Answer } from "./exchange.js";
import { readWhole, serverMessage } from "./response-text.js";
import type { SendResult } from "./send-result.js";

/**
 * Reads a 2xx answer. Taken is what is answered by nothing at all or by an object: OTLP servers answer with an
 * ExportTraceServiceResponse, Langfuse with whatever its queue says. Everything else comes from something in between,
 * such as a proxy's login page, or does not say that the spans arrived: they are sent again, which does no harm, as a
 * span keeps its id.
 *
 * @param signal ends the exchange
 * @throws the signal's reason when it was aborted meanwhile
 */
export async function readAcknowledgement(
  destination: Destination,
  response: Answer,
  signal: AbortSignal,
): Promise<SendResult> {
  const { status } = response;
  const body = await readWhole(response);
  const no = (message: string): SendResult => ({ kind: "misdirected", status, message });
  if (body.kind === "broken") {
    signal.throwIfAborted();
    return brokenOff(destination, status);
  }
  if (body.kind === "endless") {
    return no(
      `${destination.url} answers ${status} with more than a megabyte, so it is not where traces go. Check the address.`,
    );
  }
  const { bytes } = body;
  if (bytes.length > 0 && isProtobuf(response)) return protobufAcknowledgement(destination, status, bytes);
  const text = new TextDecoder().decode(bytes).trim();
  if (text === "") {
    // A compressed body that was cut may decompress to nothing; an empty one need not be compressed.
    if (isCompressed(response) && !isWithoutBody(response)) return brokenOff(destination, status);
    return { kind: "acknowledged" };
  }
  const json = objectIn(text);
  if (json === undefined) {
    const what = looksLikePage(text, response) ? "a web page" : "something that is no answer of an OTLP receiver";
    return no(
      `${destination.url} answers ${status} with ${what}, so it is not where traces go, or a proxy or a login page stands before it. Check the address.`,
    );
  }
  const error = failed.safeParse(json).data;
  if (error !== undefined) {
    const said = serverMessage(JSON.stringify({ message: error }), false, destination.secrets);
    return no(`${destination.label} answers ${status}, but with an error${said}`);
  }
  return acknowledged(destination, partialSuccess.safeParse(json).data);
}

/** An ExportTraceServiceResponse as protobuf, which is what a receiver answers that was sent protobuf. */
async function protobufAcknowledgement(
  destination: Destination,
  status: number,
  bytes: Uint8Array,
): Promise<SendResult> {
  const { ProtobufTraceSerializer } = await import("@opentelemetry/otlp-transformer");
  try {
    const { partialSuccess } = ProtobufTraceSerializer.deserializeResponse(bytes);
    const rejectedSpans = Number(partialSuccess?.rejectedSpans ?? 0);
    const errorMessage = partialSuccess?.errorMessage ?? "";
    return acknowledged(destination, rejectedSpans > 0 ? { rejectedSpans, errorMessage } : undefined);
  } catch {
    const message = `${destination.url} answers ${status} with protobuf that is no answer of an OTLP receiver. Check the address.`;
    return { kind: "misdirected", status, message };
  }
}

function isProtobuf({ headers }: Answer): boolean {
  return /^application\/(?:x-|vnd\.google\.)?protobuf\b/i.test(headers.get("content-type") ?? "");
}

/** What a whole answer comes to. */
function acknowledged(destination: Destination, partial: z.output<typeof partialSuccess> | undefined): SendResult {
  if (partial === undefined) return { kind: "acknowledged" };
  const { rejectedSpans, errorMessage } = partial;
  const said = serverMessage(JSON.stringify({ message: errorMessage }), false, destination.secrets);
  return {
    kind: "partial",
    rejectedSpans,
    message: `${destination.label} dropped ${rejectedSpans} of the spans${said}`,
  };
}

function brokenOff(destination: Destination, status: number): SendResult {
  const message = `the answer of ${destination.label} breaks off, so it is not known what it took`;
  return { kind: "unavailable", retryAfterMs: undefined, message, answered: { by: "server", status } };
}

function isCompressed({ headers }: Answer): boolean {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  return encoding !== "" && encoding !== "identity";
}

function isWithoutBody({ status, headers }: Answer): boolean {
  return status === 204 || status === 205 || headers.get("content-length") === "0";
}

function looksLikePage(text: string, { headers }: Answer): boolean {
  if (headers.get("content-type")?.includes("text/html")) return true;
  return /^<(?:!doctype|html|head|body|\?xml)/i.test(text);
}

function objectIn(text: string): object | undefined {
  const json: unknown = attempt(() => JSON.parse(text.replace(/^\uFEFF/, "")));
  return isFields(json) ? json : undefined;
}

/** A gateway may answer 200 to everything and put what is wrong into the body. */
const failed = z.union([
  z.object({ error: z.string().min(1) }).transform(({ error }) => error),
  z.object({ error: z.looseObject({ message: z.string().default("") }) }).transform(({ error }) => error.message),
]);

// What of an ExportTraceServiceResponse counts. Protobuf's JSON mapping writes 64-bit integers as strings, and takes both
// forms of a field's name; some servers write numbers.
const rejected = z.coerce.number().int().positive();
const complaint = z.string().default("");
const partialSuccess = z.union([
  z
    .object({ partialSuccess: z.object({ rejectedSpans: rejected, errorMessage: complaint }) })
    .transform(({ partialSuccess }) => partialSuccess),
  z
    .object({ partial_success: z.object({ rejected_spans: rejected, error_message: complaint }) })
    .transform(({ partial_success: { rejected_spans, error_message } }) => ({
      rejectedSpans: rejected_spans,
      errorMessage: error_message,
    })),
]);
