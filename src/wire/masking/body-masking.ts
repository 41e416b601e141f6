import type { Mask } from "../../masking/mask.js";
import { isTooDeep } from "../../text/json-depth.js";
import { type BodyPart, type CutBody, cutBody } from "./cut-body.js";
import type { SecretSources } from "./secret-sources.js";

/**
 * Masks the bodies of requests. They repeat each other for the most part, so they are cut into fields and messages,
 * each of which is looked at once.
 */
export class BodyMasking {
  readonly #sources: SecretSources;
  readonly #parts = new Map<string, PartValue>();
  readonly #cuts = new Map<string, CutBody>();
  /** Of one look through them all. */
  readonly #bodies = new Map<string, CutBody | null>();
  readonly #masked = new Map<string, string>();

  constructor(sources: SecretSources) {
    this.#sources = sources;
  }

  /** @param series names what a body is like, such as its session */
  add(text: string, series: string): void {
    if (this.#bodies.has(text)) return;
    const cut = cutBody(text, this.#cuts.get(series));
    this.#bodies.set(text, cut ?? null);
    if (!cut) {
      this.#sources.text(text);
      return;
    }
    this.#cuts.set(series, cut);
    for (const part of cut.parts) {
      if (this.#parts.has(part.text)) continue;
      const value = partValue(part);
      this.#parts.set(part.text, value);
      if (value) this.#sources.data(value.value);
      else this.#sources.text(part.text);
    }
  }

  /** A body that was added. */
  masked(text: string, mask: Mask): string {
    const cut = this.#bodies.get(text);
    if (!cut) return mask(text);
    const masked = cut.parts.map((part) => this.#part(part.text, mask));
    // Most hold no secret, and need not be put together anew.
    return masked.every((part, index) => part === cut.parts[index]?.text) ? text : masked.join("");
  }

  #part(text: string, mask: Mask): string {
    const known = this.#masked.get(text);
    if (known !== undefined) return known;
    const value = this.#parts.get(text);
    const masked = value ? value.write(mask(value.value), text) : mask(text);
    this.#masked.set(text, masked);
    return masked;
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
