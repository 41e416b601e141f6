import type { WireChunk } from "../model.js";

/** The data of a server-sent event, with the moment at which its last unit came. */
export interface TimedFrame {
  /** ms since the epoch. */
  readonly at: number;
  readonly data: string;
}

/** A body put together of its chunks. */
export interface TimedText {
  readonly text: string;
  /** When the unit at a place came. */
  readonly at: (place: number) => number;
}

/** @returns null where only sizes were recorded, or nothing came */
export function timedText(chunks: readonly WireChunk[]): TimedText | null {
  const known = chunks.filter((chunk): chunk is WireChunk & { readonly text: string } => chunk.text !== null);
  if (known.length === 0) return null;
  let length = 0;
  const ends = known.map(({ text }) => {
    length += text.length;
    return length;
  });
  // Places are asked for in ascending order, so that one pass finds all of them.
  let index = 0;
  const at = (place: number): number => {
    if (index > 0 && place < (ends[index - 1] ?? 0)) index = 0;
    while (index < ends.length - 1 && place >= (ends[index] ?? 0)) index += 1;
    return known[index]?.at ?? 0;
  };
  return { text: known.map(({ text }) => text).join(""), at };
}

/**
 * The events of a stream. A chunk of the connection is no event: one may hold many, or a piece of one.
 *
 * @returns none where the text is no stream of events
 */
export function timedFrames({ text, at }: TimedText): readonly TimedFrame[] {
  const frames: TimedFrame[] = [];
  let data: string[] = [];
  let last = 0;
  const end = (): void => {
    if (data.length > 0) frames.push({ at: at(last), data: data.join("\n") });
    data = [];
  };
  for (const { 0: line, index } of text.matchAll(/[^\r\n]+|\r\n|\r|\n/g)) {
    if (line.startsWith("data:")) {
      data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      last = index + line.length - 1;
    } else if (line[0] === "\r" || line[0] === "\n") {
      // The line's own end; one more, and the event is over.
      const behind = text[index - 1];
      if (index === 0 || behind === "\r" || behind === "\n") end();
    }
  }
  end();
  return frames;
}
