import { strengthOf } from "./assigned-names.js";
import { isSecretField } from "./assigned-secrets.js";
import { environmentSecrets } from "./environment-secrets.js";
import { findSecrets, type Ranked } from "./find-secrets.js";
import { textForms } from "./forms.js";
import { findKnownShapes } from "./known-shapes.js";
import { type Literal, presenceOf, replacerOf } from "./literals.js";
import { markerOf } from "./marker.js";
import { placesIn } from "./places.js";
import type { Secret } from "./secret.js";
import { spreads } from "./secret-values.js";
import { TextMap } from "./text-map.js";
import { textPieces } from "./text-pieces.js";
import { DEEPEST, replaceTexts } from "./texts.js";

/** What is masked. */
export interface MaskingOptions {
  /** The values of its variables whose names look like secrets are masked; default: this process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Whether tokens of well-known shapes and values of telling names are masked; default true. */
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
  /**
   * The same for a text that is JSON.
   *
   * @param value what it says, where that was read already.
   * @throws {SyntaxError} when it is no JSON
   */
  json(text: string, value?: unknown): string;
  /** Whether any secret was found. Patterns and the caller's own function are not counted: they apply to any text. */
  readonly hasFound: boolean;
  /** Whether there are patterns, or a function of the caller's. */
  readonly hasSteps: boolean;
  /** Whether secrets were looked for by all rules, as `MASKING_RULES` names them. */
  readonly isByRules: boolean;
}

/** A shorter text would be masked out of every other word. */
export const SHORTEST_SECRET = 4;

/**
 * Looks through some values for what must not be kept or sent, and makes the function that masks it.
 *
 * Secrets are masked as they are, as they stand inside of JSON, and percent-encoded; what was found in one text is
 * masked in all of them. Masking what is masked already changes nothing.
 *
 * @param values plain data, as JSON has it
 * @param known texts that were masked by the rules before: only what is known to be secret is looked for in them
 */
export async function maskFor(
  values: readonly unknown[],
  masking: Masking = {},
  known: Iterable<string> = [],
): Promise<Mask> {
  if (masking === false) return maskOf([], [], false);
  const { environment = process.env, knownShapes = true, secrets = [], patterns = [], replace } = masking;
  const presence = presenceOf(knownForms(environment, secrets));
  for (const piece of known) presence.look(piece);
  const { literals: byRules, isNamed, depth } = await found(values, knownShapes, presence.look);
  const steps = [...patterns.map(byPattern), ...(replace ? [replace] : [])];
  const all = [...presence.found(), ...byRules];
  const isClean = all.length === 0 && steps.length === 0 && !isNamed && depth <= DEEPEST / 2;
  return maskOf(all, steps, knownShapes, isClean ? values : []);
}

interface Found {
  readonly literals: readonly Literal[];
  /** Whether a field's name says of its value that it is secret. */
  readonly isNamed: boolean;
  /** How deep the values are nested. */
  readonly depth: number;
}

/**
 * What the rules find in some values. What it is called does not depend on how the texts are put together to pieces.
 *
 * @param see is shown each piece first
 */
async function found(values: readonly unknown[], knownShapes: boolean, see: (piece: string) => void): Promise<Found> {
  let isNamed = false;
  let depth = 0;
  const secrets = new Map<string, Ranked<Secret>>();
  const inContext: Ranked<Literal>[] = [];
  const take = (secret: Ranked<Secret>): void => {
    if (secret.text.length < SHORTEST_SECRET) return;
    const before = secrets.get(secret.text);
    if (before && before.rank <= secret.rank) return;
    secrets.delete(secret.text);
    secrets.set(secret.text, secret);
  };
  const takeField = (name: string, value: string): void => {
    if (!isSecretField(name, value)) return;
    isNamed = true;
    if (spreads(value)) take({ text: value, label: name, rank: Number.MAX_SAFE_INTEGER });
  };
  const takeDepth = (deepest: number): void => {
    depth = deepest;
  };
  const takeSignIn = (name: string, value: string): void =>
    take({ text: value, label: name, rank: Number.MAX_SAFE_INTEGER });
  const byName = { field: takeField, tells: (name: string) => strengthOf(name) > 0, signIn: takeSignIn };
  const watcher = { depth: takeDepth, ...(knownShapes ? byName : {}) };
  for (const piece of textPieces(values, watcher)) {
    see(piece);
    if (!knownShapes) continue;
    const places = placesIn(piece);
    for (const secret of await findKnownShapes(piece, places.known)) take({ ...secret, rank: -1 });
    const own = findSecrets(piece, places);
    for (const secret of own.secrets) take(secret);
    for (const literal of own.literals) if (!secrets.has(literal.text)) inContext.push(literal);
  }
  const byRank = (a: { readonly rank: number }, b: { readonly rank: number }): number => a.rank - b.rank;
  const literals = [
    ...[...secrets.values()].sort(byRank).flatMap(formsOf),
    ...inContext.sort(byRank).filter(({ text }) => !secrets.has(text)),
  ];
  return { literals, isNamed, depth };
}

/**
 * A mask of what is known to be secret without looking at anything: the environment's values, the given secrets and
 * patterns. For what passes by, such as the progress of a run.
 */
export function quickMask(masking: Masking = {}): Mask {
  if (masking === false) return maskOf([], [], false);
  const { environment = process.env, secrets = [], patterns = [] } = masking;
  return maskOf(knownForms(environment, secrets), patterns.map(byPattern), false);
}

function knownForms(environment: NonNullable<MaskingOptions["environment"]>, secrets: readonly string[]) {
  // The first one names it where both are the same: a variable's name tells more.
  return [
    ...environmentSecrets(environment).toReversed(),
    ...secrets.filter(({ length }) => length >= SHORTEST_SECRET).map((text) => ({ text, label: "key" })),
  ].flatMap(formsOf);
}

/**
 * @param steps what is done to texts beside that, but not to the names of fields
 * @param byName whether values of fields are masked whose names say that they are secret
 * @param values those in which there is nothing to mask
 */
function maskOf(
  literals: readonly Literal[],
  steps: readonly ((text: string) => string)[],
  byName: boolean,
  values: readonly unknown[] = [],
): Mask {
  const clean = new Set(values.filter((value) => typeof value === "object" && value !== null));
  const name = replacerOf(withSafeMarkers(literals));
  const field = byName
    ? (key: string, value: string): string =>
        isSecretField(key, value) ? markerOf(name(key) === key ? key : "secret") : value
    : undefined;
  const mask = <T>(value: T): T => {
    const ofText = literals.length === 0 ? name : remembered(name);
    const text = (one: string): string => steps.reduce((rest, step) => step(rest), ofText(one));
    return replaceTexts(value, { name, text, field, clean });
  };
  const json = (text: string, value: unknown = JSON.parse(text)): string => {
    const masked = mask(value);
    return masked === value ? text : JSON.stringify(masked, undefined, 2);
  };
  return Object.assign(mask, { json, hasFound: literals.length > 0, hasSteps: steps.length > 0, isByRules: byName });
}

/** The same function, which is asked for a long text once. */
function remembered(ofText: (text: string) => string): (text: string) => string {
  const known = new TextMap<string>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const own = ofText(text);
    known.set(text, own);
    return own;
  };
}

/** A name that stands before one secret may have another one in it. */
function withSafeMarkers(literals: readonly Literal[]): readonly Literal[] {
  const replace = replacerOf(literals);
  return literals.map((literal) =>
    replace(literal.marker) === literal.marker ? literal : { ...literal, marker: markerOf("secret") },
  );
}

/** The wrapped lines of a terminal are longer than that. */
const SHORTEST_WRAPPED = 16;

/** How a secret may stand in a text. */
function formsOf({ text, label }: Secret): readonly Literal[] {
  const marker = markerOf(label);
  const wraps = text.length >= SHORTEST_WRAPPED && !/\s/.test(text);
  return textForms(text).map((form) => {
    // Of an address only the user and the password: where it leads is worth knowing.
    const address = /^([a-z][\w+.-]*:\/\/)(.+)@[^@]*$/is.exec(form);
    const from = address?.[1]?.length ?? 0;
    const to = address ? from + (address[2]?.length ?? 0) : form.length;
    return { text: form, from, to, marker, isWord: false, wraps: wraps && form === text };
  });
}

function byPattern(pattern: RegExp): (text: string) => string {
  const { source, flags } = pattern;
  const all = new RegExp(source, `${flags.replace(/[gy]/g, "")}g`);
  const marker = markerOf("pattern");
  // What a pattern matches without a character is nothing that could be masked.
  return (text) => text.replace(all, (match: string) => (match === "" ? match : marker));
}
