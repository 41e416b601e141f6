import type { IExportMetricsServiceResponse, IExportTraceServiceResponse } from "@opentelemetry/otlp-transformer";
import { z } from "zod";
import { attempt } from "../../errors/thrown.js";
import { fieldsOf, isFields } from "../../text/json-fields.js";
import type { Destination } from "../destinations/destination.js";
import type { Answer } from "./exchange.js";
import { readWhole, serverMessage } from "./response-text.js";
import type { OpenResult, SendResult } from "./send-result.js";

/** Kinds of requests that OTLP receivers answer to. */
export type OtlpKind = "traces" | "metrics";

/**
 * Reads a 2xx answer. Taken is what is answered by nothing at all or by an object: OTLP servers answer with an
 * ExportTraceServiceResponse, Langfuse with whatever its queue says. Everything else comes from something in between,
 * such as a proxy's login page, or does not say that the items arrived: they are sent again, which does no harm, as a
 * span keeps its id.
 *
 * @param signal ends the exchange
 * @throws the signal's reason when it was aborted meanwhile
 */
export async function readAcknowledgement(
  destination: Destination,
  kind: OtlpKind,
  response: Answer,
  signal: AbortSignal,
): Promise<SendResult> {
  const bytes = await wholeBody(destination, kind, response, signal);
  if ("kind" in bytes) return bytes;
  if (bytes.length > 0 && isProtobuf(response)) {
    return protobufAcknowledgement(destination, kind, response.status, bytes);
  }
  const said = objectOf(destination, kind, response, bytes);
  if ("kind" in said) return said;
  return acknowledged(destination, kind, partialSuccess(kind, said.json));
}

/**
 * Reads a 2xx answer that is to be nothing at all or an object of JSON.
 *
 * @param what the address is for, in the plural, for messages
 * @param signal ends the exchange
 * @returns the object, undefined where there was none; or what else came
 * @throws the signal's reason when it was aborted meanwhile
 */
export async function readObject(
  destination: Destination,
  what: string,
  response: Answer,
  signal: AbortSignal,
): Promise<{ readonly json: object | undefined } | OpenResult> {
  const bytes = await wholeBody(destination, what, response, signal);
  return "kind" in bytes ? bytes : objectOf(destination, what, response, bytes);
}

async function wholeBody(
  destination: Destination,
  what: string,
  response: Answer,
  signal: AbortSignal,
): Promise<Uint8Array | OpenResult> {
  const { status } = response;
  const body = await readWhole(response);
  if (body.kind === "broken") {
    signal.throwIfAborted();
    return brokenOff(destination, status);
  }
  if (body.kind === "whole") return body.bytes;
  const message = `${destination.url} answers ${status} with more than a megabyte, so it is not where ${what} go. Check the address.`;
  return { kind: "misdirected", status, message };
}

function objectOf(
  destination: Destination,
  what: string,
  response: Answer,
  bytes: Uint8Array,
): { readonly json: object | undefined } | OpenResult {
  const { status } = response;
  const no = (message: string): OpenResult => ({ kind: "misdirected", status, message });
  const text = new TextDecoder().decode(bytes).trim();
  if (text === "") {
    // A compressed body that was cut may decompress to nothing; an empty one need not be compressed.
    if (isCompressed(response) && !isWithoutBody(response)) return brokenOff(destination, status);
    return { json: undefined };
  }
  const json = objectIn(text);
  if (json === undefined) {
    const page = looksLikePage(text, response) ? "a web page" : `something that is no answer of ${answering(what)}`;
    return no(
      `${destination.url} answers ${status} with ${page}, so it is not where ${what} go, or a proxy or a login page stands before it. Check the address.`,
    );
  }
  const error = failed.safeParse(json).data;
  if (error === undefined) return { json };
  const said = serverMessage(JSON.stringify({ message: error }), false, destination.secrets);
  return no(`${destination.label} answers ${status}, but with an error${said}`);
}

function answering(what: string): string {
  return what === "traces" || what === "metrics" ? "an OTLP receiver" : "Langfuse";
}

/** The answer as protobuf, which is what a receiver answers that was sent protobuf. */
async function protobufAcknowledgement(
  destination: Destination,
  kind: OtlpKind,
  status: number,
  bytes: Uint8Array,
): Promise<SendResult> {
  const { ProtobufMetricsSerializer, ProtobufTraceSerializer } = await import("@opentelemetry/otlp-transformer");
  try {
    const { rejected, errorMessage = "" } =
      kind === "traces"
        ? spansRejected(ProtobufTraceSerializer.deserializeResponse(bytes))
        : pointsRejected(ProtobufMetricsSerializer.deserializeResponse(bytes));
    const count = Number(rejected ?? 0);
    return acknowledged(destination, kind, count > 0 ? { rejected: count, errorMessage } : undefined);
  } catch {
    const message = `${destination.url} answers ${status} with protobuf that is no answer of an OTLP receiver. Check the address.`;
    return { kind: "misdirected", status, message };
  }
}

function isProtobuf({ headers }: Answer): boolean {
  return /^application\/(?:x-|vnd\.google\.)?protobuf\b/i.test(headers.get("content-type") ?? "");
}

function spansRejected({ partialSuccess }: IExportTraceServiceResponse) {
  return { rejected: partialSuccess?.rejectedSpans, errorMessage: partialSuccess?.errorMessage };
}

function pointsRejected({ partialSuccess }: IExportMetricsServiceResponse) {
  return { rejected: partialSuccess?.rejectedDataPoints, errorMessage: partialSuccess?.errorMessage };
}

/** What a whole answer comes to. */
function acknowledged(destination: Destination, kind: OtlpKind, partial: Partial | undefined): SendResult {
  if (partial === undefined) return { kind: "acknowledged" };
  const { rejected, errorMessage } = partial;
  const said = serverMessage(JSON.stringify({ message: errorMessage }), false, destination.secrets);
  const of = kind === "traces" ? "spans" : "data points";
  return {
    kind: "partial",
    rejectedSpans: rejected,
    message: `${destination.label} dropped ${rejected} of the ${of}${said}`,
  };
}

function brokenOff(destination: Destination, status: number): OpenResult {
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

/** Whether a web page came, which no API answers with. */
export function looksLikePage(text: string, { headers }: Answer): boolean {
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

interface Partial {
  readonly rejected: number;
  readonly errorMessage: string;
}

const NAMES = {
  traces: ["rejectedSpans", "rejected_spans"],
  metrics: ["rejectedDataPoints", "rejected_data_points"],
} as const;

const rejectedCount = z.coerce.number().int().positive();

/**
 * What of an Export…ServiceResponse counts. Protobuf's JSON mapping writes 64-bit integers as strings, and takes both
 * forms of a field's name; some servers write numbers.
 */
function partialSuccess(kind: OtlpKind, json: object | undefined): Partial | undefined {
  const { partialSuccess, partial_success } = fieldsOf(json);
  const success = fieldsOf(partialSuccess ?? partial_success);
  const [camel, snake] = NAMES[kind];
  const rejected = rejectedCount.safeParse(success[camel] ?? success[snake]).data;
  const said = success.errorMessage ?? success.error_message;
  return rejected === undefined ? undefined : { rejected, errorMessage: typeof said === "string" ? said : "" };
}
