import type { ContentPart } from "../opencode/model.js";
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
export function contextCauses(change: ContextChange): readonly ContextCause[] {
  const { read, written, before, lastUsage, added, compacted } = change;
  if (!read) return [];
  const pieces = added.every(isResult) ? piecesOfResults(added) : piecesOf(added);
  const output = written ? [cause("output", written.output + written.reasoning)] : [];
  const estimate = Math.ceil(pieces.weight / CHARACTERS_PER_TOKEN);
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

function cause(kind: ContextCause["kind"], tokens: number): ContextCause {
  return { kind, name: null, callId: null, characters: null, tokens };
}

/** A cause whose share is not known yet. */
interface Piece extends ContextCause {
  tokens: number;
}

/** What was told to the model, piece by piece: there are some for each call, and each becomes a cause of its own. */
interface Pieces {
  readonly causes: Piece[];
  /** What each counts when shares are made, in characters of text. */
  readonly weights: number[];
  /** What all of them count. */
  weight: number;
}

type ToolResult = Extract<ChatMessage, { readonly role: "tool" }>;

function isResult(message: Told): message is ToolResult {
  return message.role === "tool";
}

/** Of results of tools alone, as nearly all calls are told: in lists of their length. Those that grow have room for 17. */
function piecesOfResults(results: readonly ToolResult[]): Pieces {
  const causes = results.map(
    ({ name, tool_call_id: callId, content }): Piece => ({
      kind: "tool-result",
      name,
      callId,
      characters: content.length,
      tokens: 0,
    }),
  );
  const weights = results.map(weightOf);
  let weight = 0;
  for (const one of weights) weight += one;
  return { causes, weights, weight };
}

function weightOf({ content, attachments }: ToolResult): number {
  return content.length + (attachments?.length ?? 0) * FILE_WEIGHT;
}

function piecesOf(added: readonly Told[]): Pieces {
  const pieces: Pieces = { causes: [], weights: [], weight: 0 };
  for (const message of added) addPieces(message, pieces);
  return pieces;
}

/** @param pieces gets what a message is made of */
function addPieces(message: Told, pieces: Pieces): void {
  if (message.role === "assistant") {
    addUncounted(message, pieces);
  } else if (message.role === "tool") {
    const { name, tool_call_id: callId, content } = message;
    addPiece(pieces, weightOf(message), "tool-result", name, callId, content.length);
  } else if (typeof message.content === "string") {
    addText(message.content, null, pieces);
  } else {
    for (const part of message.content) addPart(part, pieces);
  }
}

function addPart(part: ContentPart, pieces: Pieces): void {
  switch (part.type) {
    case "text":
      addText(part.text, null, pieces);
      break;
    case "subtask":
      addText(part.prompt, part.type, pieces);
      break;
    case "file":
      addPiece(pieces, FILE_WEIGHT, "text", part.type, null, null);
      break;
    default:
      addPiece(pieces, 0, "text", part.type, null, null);
  }
}

function addText(text: string, name: string | null, pieces: Pieces): void {
  addPiece(pieces, text.length, "text", name, null, text.length);
}

function addUncounted({ call }: Uncounted, pieces: Pieces): void {
  const { text, toolCalls } = call.output;
  const characters = (text ?? "").length + JSON.stringify(toolCalls).length;
  const counted = sureUsageOf("output", call);
  const weight = counted ? (counted.output + counted.reasoning) * CHARACTERS_PER_TOKEN : characters;
  addPiece(pieces, weight, "output", `llm-call-${call.index}`, null, characters);
}

function addPiece(
  pieces: Pieces,
  weight: number,
  kind: ContextCause["kind"],
  name: string | null,
  callId: string | null,
  characters: number | null,
): void {
  pieces.causes.push({ kind, name, callId, characters, tokens: 0 });
  pieces.weights.push(weight);
  pieces.weight += weight;
}

/** The causes that the pieces are of so many tokens together, with a share for each. */
function shared({ causes, weights }: Pieces, tokens: number): readonly ContextCause[] {
  const shares = apportion(weights, tokens);
  causes.forEach((cause, index) => {
    cause.tokens = shares[index] ?? 0;
  });
  return causes;
}
