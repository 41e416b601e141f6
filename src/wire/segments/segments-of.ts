import { tellingArgument } from "../../text/telling-argument.js";
import type { WireExchange } from "../model.js";
import { placesInString } from "../protocol/json-tree.js";
import { parseRequest } from "../protocol/parse-request.js";
import type { ParsedRequest, RequestMessage, RequestPart, SystemText } from "../protocol/parsed-request.js";
import type { Segment, SegmentOwner } from "../segment.js";
import type { OwnerFacts } from "./owner-facts.js";
import { isSynthetic } from "./synthetic.js";
import { systemSections } from "./system-sections.js";
import { toolSchemaOwner } from "./tool-schema-owner.js";

const REST: SegmentOwner = { kind: "rest" };

/** How much of an argument names a result, in units. */
const ARGUMENT = 200;

/**
 * Cuts a request into segments with their owners: ascending, without gaps, together the whole body.
 *
 * @returns none where the body was not recorded, or is of no protocol that is known
 */
export function segmentsOf(exchange: Pick<WireExchange, "url" | "body">, owners: OwnerFacts): readonly Segment[] {
  const request = parseRequest(exchange);
  return request ? segmentsOfRequest(request, owners) : [];
}

/** The same of a request that has been read already. */
export function segmentsOfRequest(request: ParsedRequest, owners: OwnerFacts): readonly Segment[] {
  const found = [
    ...request.system.flatMap((text, index) => systemSegments(request.body, text, owners, index === 0)),
    ...request.tools.map(
      ({ name, from, to, text }): Segment => ({ owner: toolSchemaOwner(name, owners), from, to, text }),
    ),
    ...messageSegments(request),
  ].sort((one, other) => one.from - other.from);
  const segments: Segment[] = [];
  let at = 0;
  for (const segment of found) {
    if (segment.from > at) segments.push({ owner: REST, from: at, to: segment.from, text: "" });
    segments.push(segment);
    at = segment.to;
  }
  if (at < request.body.length) segments.push({ owner: REST, from: at, to: request.body.length, text: "" });
  return segments;
}

function systemSegments(
  body: string,
  { text, string }: SystemText,
  { agent }: OwnerFacts,
  isFirst: boolean,
): readonly Segment[] {
  const sections = systemSections(text, agent, isFirst);
  const places = placesInString(
    body,
    string,
    sections.flatMap(({ from, to }) => [from, to]),
  );
  return sections.map(({ owner, from, to }, index) => ({
    owner,
    from: places[2 * index] ?? string.from,
    to: places[2 * index + 1] ?? string.to,
    text: text.slice(from, to),
  }));
}

/** What a message adds: its segments, and what was asked of tools by the ids of their calls. */
interface MessageSegments {
  readonly segments: readonly Segment[];
  readonly asked: readonly (readonly [callId: string, argument: string])[];
}

/** A reader hands on the same message where it stands in a later request with all before it. */
const cut = new WeakMap<RequestMessage, MessageSegments>();

function messageSegments({ messages }: ParsedRequest): readonly Segment[] {
  const asked = new Map<string, string>();
  return messages.flatMap((message) => {
    const known = cut.get(message) ?? cutMessage(message, asked);
    cut.set(message, known);
    for (const [callId, argument] of known.asked) asked.set(callId, argument);
    return known.segments;
  });
}

function cutMessage(message: RequestMessage, before: ReadonlyMap<string, string>): MessageSegments {
  const asked = new Map(before);
  const own: [string, string][] = [];
  let last: string | null = null;
  const segments = message.parts.map((part): Segment => {
    const { from, to } = part;
    if (part.kind === "tool-call" && part.callId !== null) {
      const argument = argumentIn(part.text);
      if (argument !== null) {
        own.push([part.callId, argument]);
        asked.set(part.callId, argument);
      }
    }
    const owner = ownerOf(part, message, last, asked);
    last = part.kind === "text" ? part.text : null;
    return { owner, from, to, text: part.kind === "attachment" ? "" : part.text };
  });
  return { segments, asked: own };
}

function ownerOf(
  part: RequestPart,
  { role }: RequestMessage,
  before: string | null,
  asked: ReadonlyMap<string, string>,
): SegmentOwner {
  switch (part.kind) {
    case "text":
      if (role === "assistant" && !part.text.startsWith("CRITICAL - MAXIMUM STEPS")) return { kind: "answer" };
      return role === "system" || isSynthetic(part.text, before) ? { kind: "synthetic" } : { kind: "prompt" };
    case "thinking":
      return { kind: "thinking" };
    case "tool-call":
      return { kind: "tool-call", tool: part.tool, callId: part.callId };
    case "tool-result": {
      const argument = part.callId === null ? null : (asked.get(part.callId) ?? null);
      return { kind: "tool-result", tool: part.tool ?? "", callId: part.callId, argument };
    }
    case "attachment":
      return { kind: "attachment", mime: part.mime, filename: part.filename };
    case "other":
      return REST;
    default:
      return part satisfies never;
  }
}

function argumentIn(json: string): string | null {
  let input: unknown;
  try {
    input = JSON.parse(json);
  } catch {
    return null;
  }
  return tellingArgument(input)?.slice(0, ARGUMENT) ?? null;
}
