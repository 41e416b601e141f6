const FIRST_BYTES = 64 * 1024;

/** Shorter pieces are put together first: each call of the encoder costs more than a few letters do. */
const LONG_FROM = 2_000;
const PUT_TOGETHER = 8_000;

/**
 * A text that grows piece by piece, as UTF-8. Pieces become bytes soon: kept as strings, they would be put together
 * in one more copy, and be carried along by the garbage collector until the last one is there.
 */
export class GrowingText {
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #pending = "";

  add(piece: string): void {
    if (piece.length < LONG_FROM) {
      this.#pending += piece;
      if (this.#pending.length >= PUT_TOGETHER) this.#encodePending();
      return;
    }
    this.#encodePending();
    this.#encode(piece);
  }

  /** What has been added, in memory of its own; the next text begins. */
  take(): Uint8Array<ArrayBuffer> {
    this.#encodePending();
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #encodePending(): void {
    this.#encode(this.#pending);
    this.#pending = "";
  }

  #encode(text: string): void {
    // Three bytes a character at most; only where that does not fit they are counted.
    if (this.#length + text.length * 3 > this.#bytes.length) this.#makeRoom(Buffer.byteLength(text));
    this.#length += this.#encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
