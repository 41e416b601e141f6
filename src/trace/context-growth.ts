import { apportion } from "./apportion.js";
import type { ChatMessage, ContextCause, Cumulative, Usage } from "./model.js";
import { promptTokens } from "./usage.js";

/** What a call's context is compared with, and what came in since then. */
export interface ContextChange {
  /** The call's own; null where opencode recorded none. */
  readonly usage: Usage | null;
  /** After the last call before it whose usage is known; null on the first one. */
  readonly before: Cumulative | null;
  /** What was told to the model since then. */
  readonly added: readonly ChatMessage[];
  /** The conversation was summed up since then, or the call sums it up. */
  readonly compacted: boolean;
}

/** About how many characters of a prompt make a token; only what no count tells rests on it. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * What the growth of a call's context is made of, or on the first call the context itself.
 *
 * What the model wrote is counted by the provider. What lies between two calls is counted together, so each tool result
 * and each text gets its share by size; on the first call the prompt's share is estimated by its size, and what remains
 * is the prefix. The tokens add up exactly to `contextGrowth`, on the first call to `contextTokens`.
 *
 * @returns empty where the usage is not known
 */
export function contextCauses({ usage, before, added, compacted }: ContextChange): ContextCause[] {
  if (!usage) return [];
  const pieces = added.flatMap(piecesOf);
  const written = usage.output + usage.reasoning;
  const output = cause("output", written);
  const prompt = promptTokens(usage);
  if (!before || before.contextTokens === 0) {
    const size = pieces.reduce((sum, piece) => sum + piece.characters, 0);
    const told = Math.min(prompt, Math.ceil(size / CHARACTERS_PER_TOKEN));
    return [cause("prefix", prompt - told), ...shared(pieces, told), output];
  }
  const between = prompt - before.contextTokens;
  if (between < 0) return [cause(compacted ? "compacted" : "dropped", between), output];
  const isTold = pieces.some(({ characters }) => characters > 0);
  if (!isTold) return [...(between > 0 ? [cause("other", between)] : []), output];
  return [...shared(pieces, between), output];
}

type Piece = Pick<ContextCause, "kind" | "name" | "callId" | "characters">;

function cause(kind: ContextCause["kind"], tokens: number): ContextCause {
  return { kind, name: null, callId: null, characters: null, tokens };
}

function shared(
  pieces: readonly (Piece & { readonly characters: number })[],
  tokens: number,
): ContextCause[] {
  const [only] = pieces;
  if (only && pieces.length === 1) return [{ ...only, tokens }];
  const shares = apportion(
    pieces.map(({ characters }) => characters),
    tokens,
  );
  return pieces.map((piece, index) => ({ ...piece, tokens: shares[index] ?? 0 }));
}

function piecesOf(message: ChatMessage): (Piece & { readonly characters: number })[] {
  if (message.role === "tool") {
    const { name, tool_call_id: callId, content } = message;
    return [{ kind: "tool-result", name, callId, characters: content.length }];
  }
  const { content } = message;
  const parts = typeof content === "string" ? [{ type: "text" as const, text: content }] : content;
  return parts.map((part) => {
    const characters =
      part.type === "text" ? part.text.length : part.type === "subtask" ? part.prompt.length : 0;
    return { kind: "text", name: part.type === "text" ? null : part.type, callId: null, characters };
  });
}
