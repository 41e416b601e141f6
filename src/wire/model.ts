/**
 * What opencode really sent to a model's provider, and what came back: as the tap in its own process saw it, put
 * together again. Plain readonly data. All times are milliseconds since the Unix epoch, with fractions; `null` is what
 * is not known.
 */

/** What the wire tells of a session and of those below it. */
export interface WireEvidence {
  /** In the order in which they were sent. */
  readonly exchanges: readonly WireExchange[];
  /** The true times of tools, by when they began; absent where the tap was no plugin. */
  readonly tools?: readonly WireTool[];
  /** What is missing or could not be read, a sentence each. */
  readonly notes: readonly string[];
}

/** When opencode ran a tool, from just before it to just after; or when it called a tool server, see `traceparent`. */
export interface WireTool {
  /** The session that it ran in. */
  readonly sessionId: string;
  /** The provider's id of the call, some of whom count anew in each answer; empty where a server was called. */
  readonly callId: string;
  /** Its name, as opencode calls it, or as its server does. */
  readonly tool: string;
  /** When it began. */
  readonly start: number;
  /** When it ended; null: the recording ends before. */
  readonly end: number | null;
  /** The `traceparent` that the call of a server carried; absent for all else. */
  readonly traceparent?: string;
}

/** One HTTP request to a model's provider with its answer. */
export interface WireExchange {
  /** Unique among all: the recording's name and the request's number in it. */
  readonly id: string;
  /** The session that its headers name. */
  readonly sessionId: string | null;
  /** The session above that one, where its headers name it. */
  readonly parentSessionId: string | null;
  /** What its headers name as the message that is answered. */
  readonly messageId: string | null;
  /** What opencode says that it was for; opencode 1 does not say it. */
  readonly purpose: "primary" | "compaction" | "title" | "generate" | null;
  /** Of HTTP, such as `POST`. */
  readonly method: string;
  /** Without user name and password. */
  readonly url: string;
  /** Those of the list of headers that are recorded; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The `traceparent` that the tap has put into its headers; absent where it put in none. */
  readonly traceparent?: string;
  /** When opencode sent it. */
  readonly sentAt: number;
  /** What was asked. */
  readonly body: WireBody;
  /** null: no headers came. */
  readonly response: WireResponse | null;
  /** How it ended. */
  readonly end: WireEnd;
}

/** A request's body. */
export interface WireBody {
  /** null: only its size and hash were recorded. */
  readonly text: string | null;
  /** UTF-8 bytes as they were on the wire. */
  readonly bytes: number;
  /**
   * SHA-256 of the body, hexadecimal: as it was sent, or of its text where masking has changed that. Equal hashes are
   * equal requests.
   */
  readonly hash: string;
}

/** The answer to a request. */
export interface WireResponse {
  /** Of HTTP. */
  readonly status: number;
  /** Those of the list of headers that are recorded; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** When its headers came. */
  readonly at: number;
  /** Of its body, unpacked. */
  readonly bytes: number;
  /** Its chunks in order, neighbours of the same moment as one. Their texts are the body; a stream's is SSE. */
  readonly chunks: readonly WireChunk[];
}

/** What came at one moment. */
export interface WireChunk {
  /** When it came. */
  readonly at: number;
  /** null: only its size was recorded. */
  readonly text: string | null;
  /** UTF-8 bytes as they were on the wire. */
  readonly bytes: number;
}

/**
 * How an exchange ended. `complete`: the body came whole; `aborted`: opencode ended it; `failed`: no answer, or one that
 * broke off; `open`: the recording ends before it.
 */
export interface WireEnd {
  /** See above. */
  readonly how: "complete" | "aborted" | "failed" | "open";
  /** null for one that is open. */
  readonly at: number | null;
  /** What opencode was told of a failure. */
  readonly error: string | null;
}
