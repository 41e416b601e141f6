/** What a request is made of; it is followed nowhere else, so that keys stay with the host they are meant for. */
export interface ExchangeInit {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
}

/** What of an answer counts; those of fetch are such. Its body is to be read, or left in the midst of reading. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Pick<Headers, "get">;
  readonly body: AsyncIterable<Uint8Array> | null;
}
