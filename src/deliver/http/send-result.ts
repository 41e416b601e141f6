/** What became of one request. `message` is one line for people: what the server said, or why it was not reached. */
export type SendResult =
  | { readonly kind: "acknowledged" }
  /** The server took the request and dropped some spans, without saying which. It must not be sent again. */
  | { readonly kind: "partial"; readonly rejectedSpans: number; readonly message: string }
  /** The content was refused (400, 413, 422): smaller or without the malformed span it may pass. */
  | { readonly kind: "rejected"; readonly status: number; readonly message: string }
  | { readonly kind: "unauthorised"; readonly status: 401 | 403; readonly message: string }
  /** A proxy on the way does not let the request through, and will not later either. */
  | { readonly kind: "blocked"; readonly status: number; readonly message: string }
  /** Something answers, but it is not the traces endpoint: a redirect, a 404, a web page. */
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
