/** What calls were told, as far as their requests were recorded. */
import type { Loop, SentMessage, WireFacts, WireTables } from "../../trace/model.js";

/** What a call was given and no call of its loop before it: each is told once a loop, and again when it changed. */
export interface GivenTexts {
  /** The system prompt; null where it is the one before. */
  readonly system: string | null;
  /** The tools with their schemas, as the provider was told of them. */
  readonly tools: readonly unknown[] | null;
}

export const NOTHING_NEW: GivenTexts = { system: null, tools: null };

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
