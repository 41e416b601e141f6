/** So many texts are remembered; each new one takes the place of another one. */
const SLOTS = 256;

/** Where a text stands in what has been written. */
export interface WrittenText {
  /** As it was given. */
  readonly text: string;
  /** In how many texts of JSON it stands, each in the next. */
  readonly layers: number;
  /** Its bytes: from the first one to the one behind the last. */
  readonly start: number;
  readonly end: number;
  /** How many of them the outermost of those texts has added. */
  readonly added: number;
}

/**
 * Which of the last texts stand where: a span says an answer as a text and as a message to draw, and what a tool has
 * read stands in its result more than once. What is written already is copied in a fraction of the time in which it is
 * escaped.
 */
export class WrittenTexts {
  readonly #slots: (WrittenText | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  #isEmpty = true;

  /** @returns a place where it stands in the same way, if there is one */
  find(text: string, layers: number): WrittenText | undefined {
    const known = this.#slots[slotOf(text)];
    if (known === undefined || known.text !== text) return undefined;
    // What has nothing to escape is the same in any text of JSON.
    const isSame = known.layers === layers || (known.added === 0 && known.layers > 0 && layers > 0);
    return isSame ? known : undefined;
  }

  add(written: WrittenText): void {
    this.#slots[slotOf(written.text)] = written;
    this.#isEmpty = false;
  }

  /** Forgets all, as must be done where anything moves or is written over. */
  forget(): void {
    if (this.#isEmpty) return;
    this.#slots.fill(undefined);
    this.#isEmpty = true;
  }
}

/** By its length and three of its characters: to look at all of them takes as long as to write them. */
function slotOf(text: string): number {
  const { length } = text;
  const middle = length >> 1;
  const sum =
    length + 31 * text.charCodeAt(middle) + 131 * text.charCodeAt(length - 2) + 524 * text.charCodeAt(middle >> 1);
  return sum & (SLOTS - 1);
}
