import type { Mask } from "../../masking/mask.js";
import { isTooDeep } from "../../text/json-depth.js";
import { ownText } from "../../text/own-text.js";
import type { WireBody } from "../model.js";
import { commonStartOf, type KeptText, keptTextOf } from "../recording/kept-bodies.js";
import { type BodyPart, type CutBody, cutBody } from "./cut-body.js";
import type { SecretSources } from "./secret-sources.js";

/** Around what is new in a text so much of it is looked at: a secret may begin before it, and its name further on. */
const CONTEXT = 4_000;
/** What is longer, and has been said before for the most part, is looked at where it is new. */
const LARGE = 16_000;
/**
 * How many units may be looked through beyond three times of what is new: bodies that are made to look new in all their
 * parts would take hours. And how many of bodies that are no JSON may be read to see that.
 */
const SPARE = { searched: 8_000_000, read: 64_000_000 };

/**
 * Masks the bodies of requests. They repeat each other for the most part, so they are cut into fields and messages,
 * each of which is looked at once; those that are no JSON are looked at where they differ from earlier ones.
 */
export class BodyMasking {
  readonly #sources: SecretSources;
  /** Parts that were looked at; those that are data. */
  readonly #parts = new Map<string, PartValue>();
  readonly #masked = new Map<string, string>();
  /** The last body of each series that could be cut. */
  readonly #cuts = new Map<string, { readonly body: WireBody; readonly cut: CutBody }>();
  /** Bodies whose parts are all kept. */
  readonly #bodies = new Map<WireBody, readonly BodyPart[]>();
  /** Texts of which all has been looked at. */
  readonly #searched = new WeakSet<KeptText>();
  /** Bodies that would have taken too long. */
  readonly #left = new WeakSet<WireBody>();
  #allowed = SPARE.searched;
  #readable = SPARE.read;

  constructor(sources: SecretSources) {
    this.#sources = sources;
  }

  /** Looks at a body. @param series names what it is like, such as its session */
  add(body: WireBody, series: string): void {
    const { text } = body;
    if (text === null) return;
    const kept = keptTextOf(body);
    const fresh = kept?.base ? kept.middle.length : text.length;
    this.#allowed += 3 * fresh + CONTEXT;
    const cut = this.#cut(body, text, series);
    const isDone = cut ? this.#searchParts(cut, kept) : this.#searchText(text, kept);
    if (!isDone) this.#left.add(body);
    else if (cut?.parts.every((part) => this.#parts.has(part.text))) this.#bodies.set(body, cut.parts);
  }

  /**
   * The text of a body that was added.
   *
   * @returns undefined where it stays what it is, null where it could not be looked at
   */
  masked(body: WireBody, mask: Mask): string | null | undefined {
    if (this.#left.has(body)) return null;
    const parts = this.#bodies.get(body) ?? this.#partsOf(body);
    const masked = parts.map((part) => this.#part(part, mask));
    // Most hold no secret, and need not be put together anew.
    return masked.every((part, index) => part === parts[index]?.text) ? undefined : masked.join("");
  }

  /** One that has a part which is too long to be kept with each body, or cannot be cut. */
  #partsOf({ text }: WireBody): readonly BodyPart[] {
    if (text === null) return [];
    const cut = text.length <= this.#readable ? cutBody(text) : undefined;
    if (!cut) this.#readable -= text.length;
    return cut?.parts ?? [{ kind: "rest", text }];
  }

  #cut(body: WireBody, text: string, series: string): CutBody | undefined {
    const before = this.#cuts.get(series);
    const alike = before ? commonStartOf({ body: before.body, text: before.cut.text }, body, text) : 0;
    if (text.length - alike > this.#readable) return undefined;
    const cut = cutBody(text, before?.cut, alike);
    if (cut) this.#cuts.set(series, { body, cut });
    else this.#readable -= text.length - alike;
    return cut;
  }

  /** @returns false where that would take too long */
  #searchParts({ text, parts, ends }: CutBody, kept: KeptText | undefined): boolean {
    // What is new in it, where all else has been looked at.
    const fresh = kept?.base && this.#searched.has(kept.base) ? freshIn(kept) : { from: 0, to: text.length };
    for (const [index, part] of parts.entries()) {
      if (this.#parts.has(part.text)) continue;
      const to = ends[index] ?? text.length;
      const from = to - part.text.length;
      const [start, end] = [Math.max(from, fresh.from), Math.min(to, fresh.to)];
      if (part.text.length > LARGE && end - start < part.text.length / 2) {
        if (!this.#takes(Math.max(0, end - start))) return false;
        if (end > start) this.#sources.text(ownText(text.slice(start, end)));
        continue;
      }
      if (!this.#takes(part.text.length)) return false;
      const value = partValue(part);
      this.#parts.set(part.text, value);
      if (value) this.#sources.data(value.value);
      else this.#sources.text(part.text);
    }
    if (kept) this.#searched.add(kept);
    return true;
  }

  #searchText(text: string, kept: KeptText | undefined): boolean {
    if (!kept) {
      if (!this.#takes(text.length)) return false;
      this.#sources.text(text);
      return true;
    }
    return this.#searchKept(kept);
  }

  /** Looks at what is new in a text and in those that it comes from. */
  #searchKept(kept: KeptText): boolean {
    const missing: KeptText[] = [];
    for (let at: KeptText | null = kept; at && !this.#searched.has(at); at = at.base) missing.push(at);
    for (const one of missing.reverse()) {
      const { from, to } = freshIn(one);
      if (!this.#takes(to - from)) return false;
      this.#sources.text(one.base ? ownText(one.of.textOf(one).slice(from, to)) : one.middle);
      this.#searched.add(one);
    }
    return true;
  }

  #takes(units: number): boolean {
    if (units > this.#allowed) return false;
    this.#allowed -= units;
    return true;
  }

  #part(part: BodyPart, mask: Mask): string {
    const { text } = part;
    const known = this.#masked.get(text);
    if (known !== undefined) return known;
    const value = this.#parts.has(text) ? this.#parts.get(text) : partValue(part);
    const masked = value ? value.write(mask(value.value), text) : mask(text);
    if (text.length <= LARGE || this.#parts.has(text)) this.#masked.set(text, masked);
    return masked;
  }
}

/** Where a text differs from the one that it comes from, and what stands around that. */
export function freshIn({ base, prefix, suffix, length }: KeptText): { readonly from: number; readonly to: number } {
  return base
    ? { from: Math.max(0, prefix - CONTEXT), to: Math.min(length, length - suffix + CONTEXT) }
    : { from: 0, to: length };
}

/** What is new in a body against those that it comes from: each text once, however often it is asked for. */
export function* freshTexts(body: WireBody, seen: WeakSet<KeptText>): Generator<string> {
  const kept = keptTextOf(body);
  if (!kept) {
    if (body.text !== null) yield body.text;
    return;
  }
  for (let at: KeptText | null = kept; at && !seen.has(at); at = at.base) {
    seen.add(at);
    const { from, to } = freshIn(at);
    yield at.base ? ownText(at.of.textOf(at).slice(from, to)) : at.middle;
  }
}

/** A part as data; undefined for one that is a text only. */
type PartValue = { readonly value: unknown; readonly write: (masked: unknown, text: string) => string } | undefined;

function partValue({ kind, text }: BodyPart): PartValue {
  if (kind === "rest") return undefined;
  const isField = kind === "field";
  try {
    const value: unknown = JSON.parse(isField ? `{${text}}` : text);
    // What is written in another way may hold what is not read, such as a name that stands there twice.
    if (isTooDeep(value) || written(value, isField) !== text) return undefined;
    return { value, write: (masked, own) => (masked === value ? own : written(masked, isField)) };
  } catch {
    return undefined;
  }
}

function written(value: unknown, isField: boolean): string {
  const text = JSON.stringify(value);
  return isField ? text.slice(1, -1) : text;
}
