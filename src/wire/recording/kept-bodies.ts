import { commonEnd, commonStart } from "../../text/in-common.js";
import { ownText } from "../../text/own-text.js";
import type { WireBody } from "../model.js";

/** How a text differs from an earlier one, in UTF-16 units. */
export interface Delta {
  /** null: it stands for itself, and `middle` is all of it. */
  readonly base: KeptText | null;
  /** How much they have in common at their beginnings, and at their ends. */
  readonly prefix: number;
  readonly suffix: number;
  /** What stands between. */
  readonly middle: string;
}

/** A text that is kept as what differs from an earlier one. */
export interface KeptText extends Delta {
  /** What puts it together. */
  readonly of: KeptBodies;
  readonly length: number;
  /** How many texts lie between it and one that is whole in memory. */
  readonly depth: number;
}

const keptTexts = new WeakMap<WireBody, KeptText>();

/** How a body is kept; undefined where its text is whole in memory. */
export function keptTextOf(body: WireBody): KeptText | undefined {
  return keptTexts.get(body);
}

/** So many differences are walked through to find that a text comes from another one. */
const NEAR = 16;

/**
 * How many units a body has in common at its beginning with an earlier one; from how it is kept, where that tells, since
 * comparing a megabyte takes as long as reading what is new in it.
 */
export function commonStartOf(
  before: { readonly body: WireBody; readonly text: string },
  body: WireBody,
  text: string,
): number {
  const from = keptTexts.get(before.body);
  let alike = Number.POSITIVE_INFINITY;
  let at = from && keptTexts.get(body);
  for (let steps = 0; at && steps < NEAR; steps += 1) {
    if (at === from) return Math.min(alike, text.length);
    alike = Math.min(alike, at.prefix);
    at = at.base ?? undefined;
  }
  return commonStart(before.text, text);
}

/** Of texts that were asked for last, so many units stay whole; the last one in any case. */
const MOST_UNITS = 16 * 1024 * 1024;
/** After so many differences a text stays whole, so that no one is put together from the beginning of a long session. */
const LONGEST_CHAIN = 64;

/**
 * The bodies of a recording. A session's requests repeat each other: 500 of a megabyte are some megabytes of what is
 * new. Each is put together when it is asked for, which costs a copy where the one before it was asked for last.
 */
export class KeptBodies {
  readonly #recent = new Map<KeptText, string>();
  readonly #whole = new Map<KeptText, string>();
  #units = 0;

  /** @param delta within its base */
  add({ base, prefix, suffix, middle }: Delta): KeptText {
    const depth = base ? (base.depth + 1) % LONGEST_CHAIN : 0;
    return { of: this, base, prefix, suffix, middle, length: prefix + middle.length + suffix, depth };
  }

  textOf(kept: KeptText): string {
    const missing: KeptText[] = [];
    let text: string | undefined;
    for (let at: KeptText | null = kept; at && text === undefined; at = at.base) {
      text = this.#known(at);
      if (text === undefined) missing.push(at);
    }
    for (const { base, prefix, suffix, middle } of missing.reverse()) {
      const before: string = text ?? "";
      text = base ? before.slice(0, prefix) + middle + before.slice(before.length - suffix) : middle;
    }
    this.#keep(kept, text ?? "");
    return text ?? "";
  }

  /** A body whose text is put together when it is asked for. */
  bodyOf(kept: KeptText, about: Omit<WireBody, "text">): WireBody {
    const textOf = (): string => this.textOf(kept);
    const body: WireBody = {
      get text() {
        return textOf();
      },
      ...about,
    };
    keptTexts.set(body, kept);
    return body;
  }

  /** A body by what differs from the one before it of the same series. */
  after(text: string, before: KeptText | undefined, about: Omit<WireBody, "text">): WireBody {
    if (!before) return this.bodyOf(this.add({ base: null, prefix: 0, suffix: 0, middle: ownText(text) }), about);
    const former = before.of.textOf(before);
    const prefix = commonStart(former, text);
    const suffix = commonEnd(former, text, Math.min(former.length, text.length) - prefix);
    const middle = ownText(text.slice(prefix, text.length - suffix));
    return this.bodyOf(this.add({ base: before, prefix, suffix, middle }), about);
  }

  #known(kept: KeptText): string | undefined {
    return kept.base ? (this.#recent.get(kept) ?? this.#whole.get(kept)) : kept.middle;
  }

  #keep(kept: KeptText, text: string): void {
    if (!kept.base) return;
    if (kept.depth === 0) {
      this.#whole.set(kept, text);
      return;
    }
    if (!this.#recent.delete(kept)) this.#units += text.length;
    this.#recent.set(kept, text);
    for (const [oldest, { length }] of this.#recent) {
      if (this.#units <= MOST_UNITS || this.#recent.size === 1) break;
      this.#recent.delete(oldest);
      this.#units -= length;
    }
  }
}
