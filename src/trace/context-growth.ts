import { apportion } from "./apportion.js";
import type { Call, ChatMessage, ContextCause, Cumulative, Usage } from "./model.js";
import { promptTokens, sureUsageOf } from "./usage.js";

/** What a call's context is compared with, and what came in since then. */
export interface ContextChange {
  /** The call's own, where its prompt is known. */
  readonly read: Usage | null;
  /** The same, where its output is known. */
  readonly written: Usage | null;
  /** After the last call before it whose prompt is known; null on the first one. */
  readonly before: Cumulative | null;
  /** Of that call, where its output is known. */
  readonly lastUsage: Usage | null;
  /** What was told to the model since then. */
  readonly added: readonly Told[];
  /** The conversation was summed up since then, or the call sums it up. */
  readonly compacted: boolean;
}

/** What stands in a prompt: what was told to the model, and what it wrote itself where that was not counted. */
export type Told = ChatMessage | Uncounted;

/** What a call wrote and is not counted in the context after it: the next calls read it. */
interface Uncounted {
  readonly role: "assistant";
  readonly call: Pick<Call, "index" | "output" | "usage" | "usageDoubt">;
}

function uncounted({ call }: Uncounted): Piece {
  const { text, toolCalls } = call.output;
  const characters = (text ?? "").length + JSON.stringify(toolCalls).length;
  const counted = sureUsageOf("output", call);
  const weight = counted ? (counted.output + counted.reasoning) * CHARACTERS_PER_TOKEN : characters;
  return { kind: "output", name: `llm-call-${call.index}`, callId: null, characters, weight };
}

/** About how many characters of a prompt make a token; only what no count tells rests on it. */
const CHARACTERS_PER_TOKEN = 4;

/** Dense text has fewer tokens than its length tells, but hardly less than this share of them. */
const SURELY_LESS = 0.6;

/** A picture takes some hundreds to 1,600 tokens, whatever the length of its data; about 1,000. */
const FILE_WEIGHT = 1_000 * CHARACTERS_PER_TOKEN;

/**
 * What the growth of a call's context is made of, or on the first call the context itself.
 *
 * What the model wrote is counted by the provider. What lies between two calls is counted together, so each tool result
 * and each text gets its share by size; on the first call the prompt's share is estimated by its size, and what remains
 * is the prefix. The tokens add up exactly to `contextGrowth`, on the first call to `contextTokens`.
 *
 * @returns empty where the prompt is not known
 */
export function contextCauses(change: ContextChange): ContextCause[] {
  const { read, written, before, lastUsage, added, compacted } = change;
  if (!read) return [];
  const pieces: Piece[] = [];
  for (const message of added) addPieces(message, pieces);
  const output = written ? [cause("output", written.output + written.reasoning)] : [];
  const weight = pieces.reduce((sum, piece) => sum + piece.weight, 0);
  const estimate = Math.ceil(weight / CHARACTERS_PER_TOKEN);
  const prompt = promptTokens(read);
  if (!before || before.contextTokens === 0) {
    const told = Math.min(prompt, estimate);
    return [cause("prefix", prompt - told), ...shared(pieces, told), ...output];
  }
  const between = prompt - before.contextTokens;
  if (estimate === 0) {
    const rest = between < 0 ? cause(compacted ? "compacted" : "dropped", between) : cause("other", between);
    return [...(between === 0 ? [] : [rest]), ...output];
  }
  // Many providers are not sent the last call's thinking again: the context then grew by less than what was told.
  const unsent = between < estimate * SURELY_LESS ? (lastUsage?.reasoning ?? 0) : 0;
  const told = between < 0 ? estimate : Math.max(between, Math.min(estimate, between + unsent));
  const gone = between - told;
  // Lists that are put together this way have no room to spare: there is one for each call.
  const others = gone === 0 ? output : [cause(compacted ? "compacted" : "dropped", gone), ...output];
  return shared(pieces, told).concat(others);
}

interface Piece extends Pick<ContextCause, "kind" | "name" | "callId" | "characters"> {
  /** What it counts when shares are made, in characters of text. */
  readonly weight: number;
}

function cause(kind: ContextCause["kind"], tokens: number): ContextCause {
  return { kind, name: null, callId: null, characters: null, tokens };
}

function shared(pieces: readonly Piece[], tokens: number): ContextCause[] {
  const shares = apportion(
    pieces.map(({ weight }) => weight),
    tokens,
  );
  return pieces.map(({ kind, name, callId, characters }, index) => ({
    kind,
    name,
    callId,
    characters,
    tokens: shares[index] ?? 0,
  }));
}

/** @param pieces gets what a message is made of */
function addPieces(message: Told, pieces: Piece[]): void {
  if (message.role === "assistant") {
    pieces.push(uncounted(message));
    return;
  }
  if (message.role === "tool") {
    const { name, tool_call_id: callId, content, attachments } = message;
    const weight = content.length + (attachments?.length ?? 0) * FILE_WEIGHT;
    pieces.push({ kind: "tool-result", name, callId, characters: content.length, weight });
    return;
  }
  const { content } = message;
  const parts = typeof content === "string" ? [{ type: "text" as const, text: content }] : content;
  for (const part of parts) {
    const shared = { kind: "text", name: part.type === "text" ? null : part.type, callId: null } as const;
    switch (part.type) {
      case "text":
        pieces.push({ ...shared, characters: part.text.length, weight: part.text.length });
        break;
      case "subtask":
        pieces.push({ ...shared, characters: part.prompt.length, weight: part.prompt.length });
        break;
      case "file":
        pieces.push({ ...shared, characters: null, weight: FILE_WEIGHT });
        break;
      default:
        pieces.push({ ...shared, characters: null, weight: 0 });
    }
  }
}
