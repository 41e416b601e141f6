import type { Mask } from "../../masking/mask.js";
import type { WireChunk } from "../model.js";
import { type Frame, type FrameText, framesIn, frameTexts } from "./frames.js";
import type { NamedText, SecretSources } from "./secret-sources.js";
import { editPieces, editsBetween, type TextEdit } from "./text-edits.js";

/**
 * Masks an answer. A stream says a text in pieces, a secret perhaps in two of them: what its frames say together is
 * masked as one text.
 */
export class AnswerMasking {
  readonly #chunks: readonly WireChunk[];
  readonly #text: string;
  readonly #frames: readonly ReadFrame[];
  readonly #channels: readonly (readonly FrameOfChannel[])[];

  constructor(chunks: readonly WireChunk[], sources: SecretSources) {
    this.#chunks = chunks;
    this.#text = chunks.map(({ text }) => text ?? "").join("");
    this.#frames = framesIn(this.#text).map((frame) => ({ ...frame, ...frameTexts(frame.value, sources) }));
    for (const { from, to, isPlain } of this.#frames) if (!isPlain) sources.text(this.#text.slice(from, to));
    this.#channels = channelsOf(this.#frames);
    for (const channel of this.#channels) sources.text(channel.map(({ field }) => field.text).join(""));
    for (const { from, to } of gapsOf(this.#text, this.#frames)) sources.text(this.#text.slice(from, to));
  }

  /**
   * To be called once.
   *
   * @param changes whether the mask changes a field
   */
  masked(mask: Mask, changes: (field: NamedText) => boolean): readonly WireChunk[] {
    const edits: TextEdit[] = [];
    const edited = this.#maskChannels(mask);
    let at = 0;
    for (const frame of this.#frames) {
      this.#edit(at, frame.from, mask, edits);
      at = frame.to;
      const { value, texts, closers, isSpecial, isPlain } = frame;
      const isSame = !isSpecial && isPlain && !edited.has(frame) && !texts.some(({ field }) => changes(field));
      if (isSame) continue;
      const raw = this.#text.slice(frame.from, frame.to);
      const masked = mask(value);
      const whole = JSON.stringify(masked);
      const isText = masked === value && !edited.has(frame);
      const text = isText ? mask(raw) : whole.slice(0, whole.length - closers.length);
      for (const edit of editsBetween(raw, text)) edits.push(moved(edit, frame.from));
    }
    this.#edit(at, this.#text.length, mask, edits);
    if (edits.length === 0) return this.#chunks;
    const pieces = editPieces(
      this.#chunks.map(({ text }) => text ?? ""),
      edits,
    );
    return this.#chunks.map((chunk, index) => (chunk.text === null ? chunk : { ...chunk, text: pieces[index] ?? "" }));
  }

  #edit(from: number, to: number, mask: Mask, edits: TextEdit[]): void {
    const raw = this.#text.slice(from, to);
    for (const edit of editsBetween(raw, mask(raw))) edits.push(moved(edit, from));
  }

  /** @returns the frames that say something else now */
  #maskChannels(mask: Mask): ReadonlySet<Frame> {
    const edited = new Set<Frame>();
    for (const channel of this.#channels) {
      const texts = channel.map(({ field }) => field.text);
      const said = texts.join("");
      const pieces = editPieces(texts, editsBetween(said, mask(said)));
      for (const [index, { field, holder, key, frame }] of channel.entries()) {
        const piece = pieces[index] ?? "";
        if (piece === field.text) continue;
        // A name such as `__proto__` is one of JSON's too.
        Object.defineProperty(holder, key, { value: piece, enumerable: true, writable: true, configurable: true });
        edited.add(frame);
      }
    }
    return edited;
  }
}

interface ReadFrame extends Frame {
  readonly texts: readonly FrameText[];
  readonly isSpecial: boolean;
}

interface FrameOfChannel extends FrameText {
  readonly frame: Frame;
}

/** The same text so often is a name, not a part of one. */
const OFTEN = 3;
const SHORTEST_NAME = 4;

/** What several frames say together. */
function channelsOf(frames: readonly ReadFrame[]): readonly (readonly FrameOfChannel[])[] {
  if (frames.length < 2) return [];
  const channels = new Map<string, FrameOfChannel[]>();
  for (const frame of frames) {
    for (const text of frame.texts) {
      if (text.channel === null) continue;
      const channel = channels.get(text.channel);
      const own = { ...text, frame };
      if (channel) channel.push(own);
      else channels.set(text.channel, [own]);
    }
  }
  return [...channels.values()].filter((channel) => {
    const first = channel[0]?.field;
    const isName =
      channel.length >= OFTEN &&
      (first?.text.length ?? 0) >= SHORTEST_NAME &&
      channel.every(({ field }) => field === first);
    return channel.length > 1 && !isName;
  });
}

function gapsOf(text: string, frames: readonly Frame[]): readonly { readonly from: number; readonly to: number }[] {
  return [...frames, { from: text.length, to: text.length }].map(({ from }, index) => ({
    from: frames[index - 1]?.to ?? 0,
    to: from,
  }));
}

function moved({ from, to, text }: TextEdit, by: number): TextEdit {
  return { from: from + by, to: to + by, text };
}
