/** What became of one request. `message` is one line for people: what the server said, or why it was not reached. */
export type SendResult =
  | { readonly kind: "acknowledged" }
  | ItemisedResult
  /** The server took the request and dropped some spans (data points), not saying which. It must not be sent again. */
  | {
      readonly kind: "partial";
      readonly rejectedSpans: number;
      /** Of how many; undefined where it counts the items of the request. */
      readonly of?: number;
      readonly message: string;
    }
  /** The content was refused (400, 413, 422): smaller or without the malformed span it may pass. */
  | { readonly kind: "rejected"; readonly status: number; readonly message: string }
  | { readonly kind: "unauthorised"; readonly status: 401 | 403; readonly message: string }
  /**
   * The request does not get there, and will not later either: a proxy on the way lets it not through, or nothing
   * connects to such a port, which has no status.
   */
  | { readonly kind: "blocked"; readonly status: number | undefined; readonly message: string }
  /** Something answers, but not the endpoint that was asked for: a redirect, a 404, a web page. */
  | { readonly kind: "misdirected"; readonly status: number; readonly message: string }
  | { readonly kind: "throttled"; readonly retryAfterMs: number | undefined; readonly message: string }
  /** Not reached, no answer in time, or the server is in trouble (5xx). */
  | {
      readonly kind: "unavailable";
      readonly retryAfterMs: number | undefined;
      readonly message: string;
      /** Who answered all the same, and what; absent when there was no answer. */
      readonly answered?: { readonly by: "server" | "proxy"; readonly status: number };
    };

/** Each item was answered for by itself. Items go by their places in the request, from 0. */
export interface ItemisedResult {
  readonly kind: "itemised";
  readonly taken: readonly number[];
  /** Those that it will never take. */
  readonly refused: readonly { readonly at: number; readonly message: string }[];
  /** Why the others are still open; undefined where there are none. */
  readonly rest: OpenResult | undefined;
}

/** Nothing came of a request now. */
export type OpenResult = Extract<
  SendResult,
  { readonly kind: "unauthorised" | "blocked" | "misdirected" | "throttled" | "unavailable" }
>;
