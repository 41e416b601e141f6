/** What the wire adds to a trace. All of it is absent where opencode's requests were not recorded. */
import type { SegmentOwner } from "../wire/segment.js";

/** What the calls of a trace share. */
export interface WireTables {
  /** Each segment that was sent once or often, by its owner and its content. */
  readonly segments: readonly SegmentFacts[];
  /** System prompts, and lists of tools as JSON, by their hashes. */
  readonly texts: Readonly<Record<string, string>>;
  /** What is missing of the wire, a sentence each. */
  readonly notes: readonly string[];
  /** Messages by their hashes, where the whole input of each call was asked for. */
  readonly messages?: Readonly<Record<string, SentMessage>>;
}

/** A message of the chat as it was sent to the model, whatever its provider calls its parts. */
export interface SentMessage {
  /** Who said it. */
  readonly role: "system" | "user" | "assistant" | "tool";
  /** What was said; parts where there is more than one, or a file, which is named and not held. */
  readonly content: string | readonly SentPart[];
  /** The model's thinking. */
  readonly thinking?: readonly { readonly type: "thinking"; readonly content: string }[];
  /** What the model called; the arguments are JSON. */
  readonly tool_calls?: readonly {
    readonly id: string | null;
    readonly type: "function";
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  /** Of a tool's result: the call that it is of. */
  readonly tool_call_id?: string;
  /** Of a tool's result: the tool. */
  readonly name?: string;
}

/** A part of what was said. */
export type SentPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "file"; readonly mime: string | null; readonly filename: string | null };

/** A part of requests that stays what it is from call to call. */
export interface SegmentFacts {
  /** Whose it is. */
  readonly owner: SegmentOwner;
  /** Of its text, hexadecimal. */
  readonly hash: string;
  /** UTF-8 bytes of its text. */
  readonly bytes: number;
}

/** What the wire tells of one request. Times: ms since the epoch. */
export interface WireFacts {
  /** The exchange in the recording, see `looptrace wire`. */
  readonly exchangeId: string;
  /** null: no answer came. */
  readonly status: number | null;
  /** The provider's id of the request, for its support. */
  readonly requestId: string | null;
  /** The provider's id of the answer; absent where it told of none. */
  readonly responseId?: string;
  /** The model that the provider says it was, such as a dated name; absent where it told of none. */
  readonly responseModel?: string;
  /** The `traceparent` that it carried; absent where the tap put in none. */
  readonly traceparent?: string;
  /** The answer's headers that are recorded. */
  readonly headers: Readonly<Record<string, string>>;
  /** When opencode sent it. */
  readonly sentAt: number;
  /** When the answer's headers came. */
  readonly headersAt: number | null;
  /** When the first byte of its body came. */
  readonly firstByteAt: number | null;
  /** When the first thinking, text or tool arguments came in. */
  readonly firstContentAt: number | null;
  /** When the exchange ended, well or badly. */
  readonly endAt: number | null;
  /** Size of the request's body. */
  readonly requestBytes: number;
  /** Size of the answer's body, unpacked. */
  readonly responseBytes: number;
  /** What the request is made of; null where its body was not recorded, or is of a protocol that is not known. */
  readonly request: RequestFacts | null;
}

/** What one request was made of. */
export interface RequestFacts {
  /** Of the body as it was sent. */
  readonly hash: string;
  /** The system prompt's in `WireTables.texts`. */
  readonly systemHash: string | null;
  /** The tools'. */
  readonly toolsHash: string | null;
  /**
   * Its segments in their order: the place in `WireTables.segments`, and the tokens of the prompt that are reckoned to
   * it. They add up to the call's prompt where that is known.
   */
  readonly segments: readonly (readonly [segment: number, tokens: number])[];
  /** By how much the reckoned tokens differ from what the provider counted, as a share; null: it did not count. */
  readonly tokensError: number | null;
  /** All that the model was told, in its order, as hashes in `WireTables.messages`; where it was asked for. */
  readonly messages?: readonly string[];
}
