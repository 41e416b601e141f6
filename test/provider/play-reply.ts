import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createBrotliCompress, createDeflate, createGzip } from "node:zlib";
import type { OpenRecord } from "./recorded-request.js";
import type { Fault, Reply } from "./scenario.js";
import { bareEvent, type Frame, namedEvent } from "./wire-protocol.js";

export interface Stage {
  readonly response: ServerResponse;
  readonly record: OpenRecord;
  readonly now: () => number;
  /** Aborts when the client goes away or the provider closes. */
  readonly signal: AbortSignal;
  /** Called with each piece of the body, before it is packed. */
  readonly said: (text: string) => void;
}

/**
 * Gives a reply: its pauses, its frames, its fault. What happened, and when, goes into the record.
 *
 * @throws an AbortError when the client goes away in the middle
 */
export async function playReply(reply: Reply, frames: readonly Frame[], stage: Stage): Promise<void> {
  const { response, record, now, signal, said } = stage;
  await sleep(reply.delayMs, undefined, { signal });
  const { fault } = reply;
  if (fault?.type === "status") {
    const html = typeof fault.body === "string";
    const head = { "content-type": html ? "text/html" : "application/json", ...fault.headers };
    sendWhole(stage, fault.status, head, html ? String(fault.body) : JSON.stringify(fault.body));
    record.outcome = "status";
    return;
  }
  if (fault && "at" in fault && fault.at === "before-headers") return await breakOff(fault.type, stage);

  const { encoding } = reply;
  const packed = encoding === undefined ? {} : { "content-encoding": encoding };
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache", ...packed });
  response.flushHeaders();
  const packer = encoding && PACKERS[encoding]();
  packer?.pipe(response);
  record.headersSent = now();
  record.status = 200;
  if (fault?.type === "empty-body") {
    response.end();
    record.outcome = "empty-body";
    return;
  }
  await sleep(reply.firstChunkMs, undefined, { signal });

  let paced = false;
  for (const frame of framesBefore(fault, frames)) {
    const content = frame.kind === "content" || frame.kind === "arguments";
    // The wait before the first piece is firstChunkMs, so that only the pieces after it are spread over time.
    if (content && paced) await sleep(reply.chunkMs, undefined, { signal });
    paced ||= content;
    said(frame.data);
    (packer ?? response).write(frame.data);
    packer?.flush();
    const written = now();
    record.firstChunk ??= written;
    if (content) record.firstContent ??= written;
    record.lastChunk = written;
  }
  if (fault?.type === "hang" || fault?.type === "reset") {
    // It happens when the next piece was due; the pieces before it have then reached the client.
    await sleep(reply.chunkMs, undefined, { signal });
    return await breakOff(fault.type, stage);
  }
  (packer ?? response).end();
  record.outcome = outcomeOf(fault);
}

const PACKERS = { gzip: createGzip, deflate: createDeflate, br: createBrotliCompress };

/**
 * Answers at once with a body that is no stream. The connection of a refusal stays: Bun, on which opencode runs, takes it
 * for its next request even where it is told that it is being closed, and would take its end for a failure of that.
 */
export function sendWhole(
  { response, record, now, said }: Stage,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  said(body);
  if (status < 200 || status > 299) response.shouldKeepAlive = true;
  response.writeHead(status, headers).end(body);
  record.status = status;
  record.headersSent = now();
}

/** The frames that are written before the fault happens; without one, all. */
function framesBefore(fault: Fault | undefined, frames: readonly Frame[]): Frame[] {
  if (!fault) return [...frames];
  if (fault.type === "hang" || fault.type === "reset") {
    const wanted = fault.at === "mid-tool-call" ? ["arguments"] : ["content", "arguments"];
    const positions = frames.flatMap((frame, position) => (wanted.includes(frame.kind) ? [position] : []));
    const middle = positions[Math.floor((positions.length - 1) / 2)] ?? -1;
    return frames.slice(0, middle + 1);
  }
  const content = frames.filter((frame) => frame.kind !== "close");
  if (fault.type === "malformed") return [...content, { kind: "close", data: bareEvent(fault.data) }];
  if (fault.type === "sse-error") {
    const { type } = fault.frame;
    const data =
      typeof type === "string" ? namedEvent({ ...fault.frame, type }) : bareEvent(JSON.stringify(fault.frame));
    return [...content, { kind: "close", data }];
  }
  return content;
}

async function breakOff(how: "hang" | "reset", { response, record, signal }: Stage): Promise<void> {
  if (how === "hang") {
    record.outcome = "hung";
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return;
  }
  record.outcome = "reset";
  response.socket?.resetAndDestroy();
}

function outcomeOf(fault: Fault | undefined): "answered" | "cut" | "sse-error" | "malformed" {
  switch (fault?.type) {
    case "cut":
    case "sse-error":
    case "malformed":
      return fault.type;
    default:
      return "answered";
  }
}
