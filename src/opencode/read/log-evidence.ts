import { z } from "zod";
import type { ErrorObject } from "../../errors/error-facts.js";
import { once } from "../../text/lazy.js";
import { type LogLine, parseLog } from "./log-line.js";
import { type LoggedMark, markOf } from "./log-marks.js";

/**
 * What opencode's log tells about a session and the export does not: when requests were sent, which failed, and what
 * opencode itself was at.
 */
export interface LogEvidence {
  /** Requests to models. */
  readonly requests: readonly LoggedRequest[];
  /** Failures of requests. */
  readonly failures: readonly LoggedFailure[];
  /** What opencode itself was at, in the order of the lines; absent where nothing tells. */
  readonly marks?: readonly LoggedMark[];
}

/** A request to the model, as opencode's log has it. */
export interface LoggedRequest {
  /** The session that it was for. */
  readonly sessionId: string;
  /** ms since the epoch; the provider sees the request some ms later. */
  readonly at: number;
  /** opencode's own request for the session's title, which belongs to no message. */
  readonly small: boolean;
  /**
   * The first of its process, that for a title aside: opencode then still loads what it is sent with, and the provider
   * sees it up to half a second later.
   */
  readonly first?: true;
}

/** A request of the session's own that failed; of those for its title only where the log cannot tell them apart. */
export interface LoggedFailure {
  /** The session that it was for. */
  readonly sessionId: string;
  /** ms since the epoch. */
  readonly at: number;
  /** In the form of the export's error objects; how much it knows depends on opencode's version. */
  readonly error: ErrorObject;
}

/**
 * Reads from opencode's log (`--print-logs --log-level INFO`, or the files below its data folder) when requests to the
 * model were sent and which of them failed. Lines that it does not know are left out; it never throws.
 */
export function readLogEvidence(text: string): LogEvidence {
  const requests: LoggedRequest[] = [];
  const failures: LoggedFailure[] = [];
  /** By process: where its first request stands among the requests. */
  const firsts = new Map<string, number>();
  const marks: LoggedMark[] = [];
  const begun = new Set<string>();
  let process = "";
  for (const line of parseLog(text)) {
    process = processOf(line) ?? process;
    if (!begun.has(process)) marks.push({ kind: "begun", at: line.at, process });
    begun.add(process);
    const mark = markOf(line, process);
    if (mark) marks.push(mark);
    const sessionId = line.fields["session.id"];
    if (sessionId === undefined || line.fields.providerID === undefined) continue;
    if (line.message === "stream") {
      const request: LoggedRequest = { sessionId, at: line.at, small: line.fields.small === "true" };
      const first = requests[firsts.get(process) ?? -1];
      if (!request.small && (!first || first.at > request.at)) firsts.set(process, requests.length);
      requests.push(request);
    } else if (line.message === "stream error" && !isOfTitle(line)) {
      failures.push({ sessionId, at: line.at, error: failureOf(line) });
    }
  }
  const isFirst = new Set(firsts.values());
  return {
    requests: requests.map((one, index) => (isFirst.has(index) ? { ...one, first: true } : one)),
    failures,
    ...(marks.length > 0 ? { marks } : {}),
  };
}

/** Which process a line is of: as of 1.17 each says it, in 1.15 the first one does. */
function processOf({ fields, message, at }: LogLine): string | undefined {
  if (fields.run !== undefined) return fields.run;
  return message === "opencode" && fields.version !== undefined ? (fields.run_id ?? String(at)) : undefined;
}

/**
 * Whether a failure is of opencode's own request for a title. 1.15 labels a failed request with what was asked for
 * last, so there `small` says nothing about it.
 */
export function isOfTitle({ fields }: LogLine): boolean {
  return fields.small === "true" && fields.error === undefined;
}

/** 1.15 writes the AI SDK's whole error; of it only what an export's error object also has is taken. */
const wholeError = once(() =>
  z.object({
    error: z.object({
      name: z.string().optional(),
      message: z.string().optional(),
      statusCode: z.number().optional(),
      isRetryable: z.boolean().optional(),
      responseHeaders: z.record(z.string(), z.string()).optional(),
      responseBody: z.string().optional(),
      data: z
        .object({ error: z.object({ message: z.string() }) })
        .optional()
        .catch(undefined),
    }),
  }),
);

function failureOf(line: LogLine): ErrorObject {
  const whole = wholeError().safeParse(jsonOf(line.fields.error));
  if (whole.success) {
    const { name, message, data, ...rest } = whole.data.error;
    return { name: "APIError", data: { message: data?.error.message ?? message ?? name ?? "", ...rest } };
  }
  const text = line.fields["error.error"] ?? line.fields.error ?? line.message;
  return { name: "UnknownError", data: { message: text.replace(/^\w*Error: /, "") } };
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
