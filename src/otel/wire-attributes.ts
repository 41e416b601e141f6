/** What spans say of the requests that were recorded. */
import type { Attributes } from "@opentelemetry/api";
import {
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_DEFINITIONS,
} from "@opentelemetry/semantic-conventions/incubating";
import type { Loop, SentMessage, WireFacts, WireTables } from "../trace/model.js";
import { ownerName } from "../wire/segments/owner-names.js";

/** What a call was given and no call of its loop before it: each is told once a loop, and again when it changed. */
export interface GivenTexts {
  /** The system prompt; null where it is the one before. */
  readonly system: string | null;
  /** The tools with their schemas, as the provider was told of them. */
  readonly tools: readonly unknown[] | null;
}

const NOTHING_NEW: GivenTexts = { system: null, tools: null };

/** What each call of a loop is told of, by its span's id. */
export function givenTexts({ steps }: Loop, tables: WireTables | undefined): ReadonlyMap<string, GivenTexts> {
  const given = new Map<string, GivenTexts>();
  let [system, tools]: (string | null)[] = [null, null];
  for (const { call } of steps) {
    const request = call?.wire?.request;
    if (!call || !request || !tables) continue;
    const { systemHash, toolsHash } = request;
    given.set(call.spanId, {
      system: systemHash === null || systemHash === system ? null : (tables.texts[systemHash] ?? null),
      tools: toolsHash === null || toolsHash === tools ? null : listIn(tables.texts[toolsHash]),
    });
    system = systemHash ?? system;
    tools = toolsHash ?? tools;
  }
  return given;
}

/** All that a call was told; null where that was not asked for, or its request was not recorded. */
export function fullInput(
  { wire }: { readonly wire?: WireFacts },
  tables: WireTables | undefined,
): readonly SentMessage[] | null {
  const hashes = wire?.request?.messages;
  const messages = tables?.messages;
  return hashes && messages ? hashes.flatMap((hash) => messages[hash] ?? []) : null;
}

/** Masking may have left no JSON. */
function listIn(text: string | undefined): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * For Langfuse's metadata: where the times are from, how the request went, and what the model had at hand. Langfuse
 * shows a list of `tools` beside the messages of the input; by name alone it would not take them for tools.
 */
export function wireMetadata(
  { wire, start }: { readonly wire?: WireFacts; readonly start: number },
  tables: WireTables | undefined,
  { system, tools }: GivenTexts = NOTHING_NEW,
): Readonly<Record<string, unknown>> {
  if (!wire) return {};
  const { request } = wire;
  const since = (at: number | null): number | undefined =>
    at === null ? undefined : Math.round(Math.max(0, at - start) * 10) / 10;
  return {
    evidence: "wire",
    httpStatus: wire.status,
    requestId: wire.requestId,
    requestBytes: wire.requestBytes,
    responseBytes: wire.responseBytes,
    timeToHeadersMs: since(wire.headersAt),
    timeToFirstByteMs: since(wire.firstByteAt),
    responseHeaders: Object.keys(wire.headers).length > 0 ? wire.headers : undefined,
    availableTools: request && toolNames(request.segments, tables),
    promptTokensBy: request && tokensByOwner(request.segments, tables),
    tools,
    systemPrompt: system,
    systemPromptHash: request?.systemHash,
    toolsHash: request?.toolsHash,
  };
}

function toolNames(
  segments: readonly (readonly [segment: number, tokens: number])[],
  tables: WireTables | undefined,
): readonly string[] | undefined {
  const names = segments.flatMap(([place]) => {
    const owner = tables?.segments[place]?.owner;
    return owner?.kind === "tool-schema" ? [owner.tool] : [];
  });
  return names.length > 0 ? [...new Set(names)] : undefined;
}

/** Whose the tokens of a prompt are, as `looptrace context` names the owners; the one with most tokens first. */
function tokensByOwner(
  segments: readonly (readonly [segment: number, tokens: number])[],
  tables: WireTables | undefined,
): Readonly<Record<string, number>> | undefined {
  const sums = new Map<string, number>();
  for (const [place, tokens] of segments) {
    const owner = tables?.segments[place]?.owner;
    if (!owner || tokens === 0) continue;
    const name = ownerName(owner);
    sums.set(name, (sums.get(name) ?? 0) + tokens);
  }
  return sums.size > 0 ? Object.fromEntries([...sums].sort(([, a], [, b]) => b - a)) : undefined;
}

/** For other backends, by OTel's GenAI conventions. */
export function wireAttributes(
  { wire }: { readonly wire?: WireFacts },
  { system, tools }: GivenTexts = NOTHING_NEW,
): Attributes {
  if (!wire) return {};
  return {
    ...(wire.responseId === undefined ? {} : { [ATTR_GEN_AI_RESPONSE_ID]: wire.responseId }),
    ...(wire.responseModel === undefined ? {} : { [ATTR_GEN_AI_RESPONSE_MODEL]: wire.responseModel }),
    ...(system === null
      ? {}
      : { [ATTR_GEN_AI_SYSTEM_INSTRUCTIONS]: JSON.stringify([{ type: "text", content: system }]) }),
    ...(tools === null ? {} : { [ATTR_GEN_AI_TOOL_DEFINITIONS]: JSON.stringify(tools) }),
  };
}
