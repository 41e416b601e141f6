import { environmentSecrets } from "./environment-secrets.js";
import { textForms } from "./forms.js";
import { findKnownShapes } from "./known-shapes.js";
import { markerOf } from "./marker.js";
import type { Secret } from "./secret.js";
import { replaceTexts, textPieces } from "./texts.js";

/** What is masked. */
export interface MaskingOptions {
  /** The values of its variables whose names look like secrets are masked; default: this process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Whether tokens of well-known shapes are masked; default true. */
  readonly knownShapes?: boolean | undefined;
  /** Secrets that are known otherwise, such as keys; those of fewer than 4 characters are left alone. */
  readonly secrets?: readonly string[] | undefined;
  /** All that these match is masked. */
  readonly patterns?: readonly RegExp[] | undefined;
  /** The caller's own: is given every text and hands it back as it may be kept and sent. */
  readonly replace?: ((text: string) => string) | undefined;
}

/** What is done about secrets; `false` leaves everything as it is. */
export type Masking = MaskingOptions | false;

/** Masks plain data: what was found secret in some values, wherever it stands in these or others. */
export interface Mask {
  /** The same value with markers in the place of what is secret; what holds nothing secret stays the same object. */
  <T>(value: T): T;
  /** The same for a text that is JSON. @throws {SyntaxError} when it is not */
  json(text: string): string;
}

/** A shorter text would be masked out of every other word. */
const SHORTEST = 4;

/**
 * Looks through some values for what must not be kept or sent, and makes the function that masks it.
 *
 * Secrets are masked as they are, as they stand inside of JSON, and percent-encoded; whatever was found in one text is
 * masked in all of them. Masking what is masked already changes nothing.
 *
 * @param values plain data, as JSON has it
 */
export async function maskFor(values: readonly unknown[], masking: Masking = {}): Promise<Mask> {
  if (masking === false) return maskOf(new Map(), []);
  const { environment = process.env, knownShapes = true, secrets = [], patterns = [], replace } = masking;
  let missing = knownForms(environment, secrets);
  const found = new Map<string, string>();
  for (const piece of textPieces(values)) {
    const present = missing.filter(({ text }) => piece.includes(text));
    if (present.length > 0) missing = missing.filter((form) => !present.includes(form));
    for (const { text, marker } of present) found.set(text, marker);
    for (const shape of knownShapes ? await findKnownShapes(piece) : []) {
      for (const { text, marker } of formsOf(shape)) if (!found.has(text)) found.set(text, marker);
    }
  }
  return maskOf(found, [...patterns.map(byPattern), ...(replace ? [replace] : [])]);
}

/**
 * A mask of what is known to be secret without looking at anything: the environment's values, the given secrets and
 * patterns. For what passes by, such as the progress of a run.
 */
export function quickMask(masking: Masking = {}): Mask {
  if (masking === false) return maskOf(new Map(), []);
  const { environment = process.env, secrets = [], patterns = [] } = masking;
  const known = new Map(knownForms(environment, secrets).map(({ text, marker }) => [text, marker]));
  return maskOf(known, patterns.map(byPattern));
}

function knownForms(
  environment: Readonly<Record<string, string | undefined>>,
  secrets: readonly string[],
): readonly Form[] {
  // The later one names it where both are the same: a variable's name tells more.
  return [
    ...secrets.filter(({ length }) => length >= SHORTEST).map((text) => ({ text, label: "key" })),
    ...environmentSecrets(environment),
  ].flatMap(formsOf);
}

/** @param steps what is done to texts beside that, but not to the names of fields */
function maskOf(markers: ReadonlyMap<string, string>, steps: readonly ((text: string) => string)[]): Mask {
  const name = markers.size > 0 ? literally(markers) : (text: string): string => text;
  const replacing = {
    name,
    text: (text: string): string => steps.reduce((rest, step) => step(rest), name(text)),
  };
  const mask = <T>(value: T): T => replaceTexts(value, replacing);
  const json = (text: string): string => {
    const value: unknown = JSON.parse(text);
    const masked = mask(value);
    return masked === value ? text : JSON.stringify(masked, undefined, 2);
  };
  return Object.assign(mask, { json });
}

interface Form {
  readonly text: string;
  readonly marker: string;
}

/** How a secret may stand in a text. */
function formsOf({ text, label }: Secret): readonly Form[] {
  const marker = markerOf(label);
  const address = /^([a-z][\w+.-]*:\/\/)(.+)@([^@]*)$/is.exec(text);
  // Of an address only the user and the password: where it leads is worth knowing.
  if (address) return [{ text, marker: `${address[1]}${marker}@${address[3]}` }];
  return textForms(text).map((form) => ({ text: form, marker }));
}

/** The longest first, since one may be the beginning of another. */
function literally(markers: ReadonlyMap<string, string>): (text: string) => string {
  const longestFirst = [...markers.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escaped).join("|"), "g");
  return (text) => text.replace(pattern, (match) => markers.get(match) ?? match);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}

function byPattern(pattern: RegExp): (text: string) => string {
  const { source, flags } = pattern;
  const all = new RegExp(source, `${flags.replace(/[gy]/g, "")}g`);
  const marker = markerOf("pattern");
  // What a pattern matches without a character is nothing that could be masked.
  return (text) => text.replace(all, (match: string) => (match === "" ? match : marker));
}
