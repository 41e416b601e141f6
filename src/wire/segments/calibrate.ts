import type { Segment, SegmentOwner } from "../segment.js";
import { type Expectation, solveRidge } from "./ridge.js";
import { type TokenFeatures, tokenFeatures, USUAL_TOKENS } from "./token-features.js";

/** A call as far as its prompt goes. */
export interface CountedCall {
  /** All of the request, in their order. */
  readonly segments: readonly Segment[];
  /** Tokens of the prompt, cached ones too, as the provider counted them; null: it did not. */
  readonly promptTokens: number | null;
}

/** What is reckoned of a call's prompt. */
export interface SegmentTokens {
  /** Of each segment; whole numbers that add up to the provider's count where there is one. */
  readonly tokens: readonly number[];
  /**
   * By how much reckoning differs from the provider's counts of what this request grew from, as a share of it, where
   * the counts themselves do not go into the reckoning; null: the provider did not count.
   */
  readonly error: number | null;
}

/** What a part of a message costs beside its text: the marks of roles, names and ids. */
const USUAL_FRAME = 4;
/** An image of middle size; what one really is shows where a request grew by it. */
const USUAL_ATTACHMENT = 800;
/** How far tokenizers are from the usual: together, and one feature against the others. */
const SCALE = { least: 0.4, most: 2.5 };
const SPREAD = 0.1;
/** Schemas are told to a model in forms that providers do not show. */
const SCHEMA_SPREAD = 0.06;
/** How exactly features can tell the tokens of a text: a share of them, and a few. */
const NOISE = { share: 0.06, tokens: 10 };
/** In how many parts the calls are held against the others. */
const FOLDS = 16;
/** What grew by less or more than this against what is reckoned is no plain growth: something else was left out. */
const PLAIN = { least: 0.5, most: 2 };

const NAMES = Object.keys(USUAL_TOKENS).filter((name): name is keyof TokenFeatures => name in USUAL_TOKENS);

/** A text with its features; the same one in many calls is one of these. */
interface Piece {
  readonly amounts: readonly number[];
  readonly isAttachment: boolean;
  readonly isSilent: boolean;
}

/** What one request has that one before it had not, and what it lacks of that. */
interface Growth {
  readonly added: readonly Piece[];
  readonly removed: readonly Piece[];
  /** Tokens by which the count grew. */
  readonly tokens: number;
}

/**
 * Reckons the tokens of each segment over a session's calls of one model, from the totals that the provider counted.
 *
 * Features of texts tell their tokens to a few percent; by how much this model's tokenizer differs is fitted to how the
 * counts grew from call to call. What a call's segments had in a call before stays theirs, so that what is new is
 * what the count grew by, shared among the new segments as they are reckoned.
 *
 * @param calls of one model, in their order; of several sessions too
 */
export function calibrate(calls: readonly CountedCall[]): readonly SegmentTokens[] {
  const pieces = new Pieces();
  const requests = calls.map(({ segments }) => segments.map((segment) => pieces.of(segment)));
  const growths = growthsOf(calls, requests);
  const { weights, errors } = fitted(growths.flatMap((growth) => growth ?? []));
  const reckoned = (piece: Piece): number => (piece.isSilent ? 0 : Math.max(0, dot(piece.amounts, weights)));
  const known = new Map<Piece, number>();
  let [wrong, right] = [0, 0];
  return calls.map(({ promptTokens }, index) => {
    const request = requests[index] ?? [];
    const growth = growths[index];
    if (growth) {
      right += Math.abs(growth.tokens);
      wrong += errors.get(growth) ?? 0;
    }
    const shares = sharesOf(request, promptTokens, known, reckoned);
    const tokens = promptTokens === null ? shares.map(Math.round) : wholeShares(shares, promptTokens);
    return { tokens, error: promptTokens === null || right === 0 ? null : wrong / right };
  });
}

/** Puts texts that are the same together, so that each is looked through once. */
class Pieces {
  private readonly byKind = new Map<string, Map<string, Piece>>();

  of({ owner, text, from, to }: Segment): Piece {
    const isAttachment = owner.kind === "attachment";
    const kind = isAttachment ? `attachment ${owner.mime} ${to - from}` : owner.kind;
    const texts = this.byKind.get(kind) ?? new Map<string, Piece>();
    this.byKind.set(kind, texts);
    const found = texts.get(text) ?? pieceOf(owner, text);
    texts.set(text, found);
    return found;
  }
}

function pieceOf({ kind }: SegmentOwner, text: string): Piece {
  const features = tokenFeatures(text);
  const amounts = NAMES.map((name) => features[name]);
  const schema = kind === "tool-schema" ? dot(amounts, USUAL) : 0;
  const isAttachment = kind === "attachment";
  const isSilent = kind === "rest";
  return { amounts: [...amounts, isSilent ? 0 : 1, isAttachment ? 1 : 0, schema], isAttachment, isSilent };
}

const USUAL = NAMES.map((name) => USUAL_TOKENS[name]);

/** What is expected of the amounts' weights where a tokenizer's tokens are so much more than the usual ones. */
function expectations(scale: number): readonly Expectation[] {
  const usual = [...USUAL, USUAL_FRAME];
  return [
    ...usual.map((value) => ({ value: value * scale, spread: value * scale * SPREAD, least: 0 })),
    { value: USUAL_ATTACHMENT, spread: USUAL_ATTACHMENT, least: 0 },
    { value: 0, spread: SCHEMA_SPREAD * scale, least: -0.5 * scale },
  ];
}

const USUAL_WEIGHTS = expectations(1).map(({ value }) => value);

/** For each call with a count by what it grew from the call before it that it has the most of; the first from nothing. */
function growthsOf(calls: readonly CountedCall[], requests: readonly (readonly Piece[])[]): readonly (Growth | null)[] {
  /** How far back a request of the same conversation may be, where subagents ask between. */
  const reach = 8;
  const counted: { readonly request: readonly Piece[]; readonly tokens: number }[] = [];
  return calls.map(({ promptTokens }, index) => {
    if (promptTokens === null) return null;
    const request = requests[index] ?? [];
    let nearest: Difference = { added: request.filter(({ isSilent }) => !isSilent), removed: [] };
    let base = 0;
    for (const before of counted) {
      const found = difference(before.request, request);
      if (sizeOf(found) >= sizeOf(nearest)) continue;
      nearest = found;
      base = before.tokens;
    }
    counted.push({ request, tokens: promptTokens });
    if (counted.length > reach) counted.shift();
    return { ...nearest, tokens: promptTokens - base };
  });
}

type Difference = Pick<Growth, "added" | "removed">;

function sizeOf({ added, removed }: Difference): number {
  return added.length + removed.length;
}

/** What one request has that the other has not, and what it lacks; a piece as often as it does. */
function difference(before: readonly Piece[], after: readonly Piece[]): Difference {
  const most = Math.min(before.length, after.length);
  let same = 0;
  // Most requests go on where the one before them ended.
  while (same < most && before[same] === after[same]) same += 1;
  const counts = new Map<Piece, number>();
  const count = (pieces: readonly Piece[], by: number): void => {
    for (const piece of pieces) if (!piece.isSilent) counts.set(piece, (counts.get(piece) ?? 0) + by);
  };
  count(after.slice(same), 1);
  count(before.slice(same), -1);
  const repeated = (sign: number): readonly Piece[] =>
    [...counts].flatMap(([piece, many]) => Array.from({ length: Math.max(0, sign * many) }, () => piece));
  return { added: repeated(1), removed: repeated(-1) };
}

/** A growth as an equation for the weights. */
interface Row {
  readonly growth: Growth;
  readonly amounts: readonly number[];
  /** Tokens that it is usually. */
  readonly expected: number;
  /** Tokens of all that came and went. */
  readonly moved: number;
}

/** The weights that fit best, and of each growth by how many tokens it is off where it does not count itself. */
function fitted(growths: readonly Growth[]): {
  readonly weights: readonly number[];
  readonly errors: ReadonlyMap<Growth, number>;
} {
  const rows = growths.map(rowOf);
  const errors = new Map<Growth, number>();
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const inFold = rows.filter((_, index) => index % FOLDS === fold);
    if (inFold.length === 0) break;
    const weights = weightsOf(rows.filter((row) => !inFold.includes(row)));
    for (const { growth, amounts } of inFold) errors.set(growth, Math.abs(dot(amounts, weights) - growth.tokens));
  }
  return { weights: weightsOf(rows), errors };
}

function rowOf(growth: Growth): Row {
  const sum = (pieces: readonly Piece[], at: number): number => total(pieces, ({ amounts }) => amounts[at] ?? 0);
  const added = USUAL_WEIGHTS.map((_, at) => sum(growth.added, at));
  const removed = USUAL_WEIGHTS.map((_, at) => sum(growth.removed, at));
  const amounts = added.map((amount, at) => amount - (removed[at] ?? 0));
  const moved = dot(added, USUAL_WEIGHTS) + dot(removed, USUAL_WEIGHTS);
  return { growth, amounts, expected: dot(amounts, USUAL_WEIGHTS), moved };
}

function weightsOf(rows: readonly Row[]): readonly number[] {
  const scale = scaleOf(rows.map(({ growth, expected }) => ({ ratio: growth.tokens / expected, weight: expected })));
  const equations = rows
    .filter(({ growth, expected }) => isPlain(growth.tokens, expected * scale))
    .map(({ growth, amounts, moved }) => ({
      amounts,
      sum: growth.tokens,
      spread: NOISE.share * moved * scale + NOISE.tokens,
    }));
  return solveRidge(expectations(scale), equations);
}

function isPlain(tokens: number, expected: number): boolean {
  return expected > 0 && tokens >= expected * PLAIN.least && tokens <= expected * PLAIN.most;
}

/** The ratio that half of what was counted is below. */
function scaleOf(found: readonly { readonly ratio: number; readonly weight: number }[]): number {
  const sorted = found.filter(({ ratio, weight }) => weight > 0 && ratio > 0).sort((a, b) => a.ratio - b.ratio);
  let left = total(sorted, ({ weight }) => weight) / 2;
  const median = sorted.find(({ weight }) => {
    left -= weight;
    return left <= 0;
  });
  return Math.min(SCALE.most, Math.max(SCALE.least, median?.ratio ?? 1));
}

/** Tokens of a request's pieces, with fractions; those that are new have what the known ones leave of the count. */
function sharesOf(
  request: readonly Piece[],
  promptTokens: number | null,
  known: Map<Piece, number>,
  reckoned: (piece: Piece) => number,
): readonly number[] {
  if (promptTokens === null) return request.map((piece) => known.get(piece) ?? reckoned(piece));
  const fresh = request.filter((piece) => !piece.isSilent && !known.has(piece));
  const left = promptTokens - total(request, (piece) => known.get(piece) ?? 0);
  const images = fresh.filter(({ isAttachment }) => isAttachment);
  const texts = fresh.filter(({ isAttachment }) => !isAttachment);
  const textTokens = total(texts, reckoned);
  // Of an image nothing tells how many tokens it is but the count.
  const ofImages = images.length > 0 && left > textTokens ? left - textTokens : 0;
  if (ofImages > 0) {
    for (const piece of images) known.set(piece, ofImages / images.length);
    for (const piece of texts) known.set(piece, reckoned(piece));
  } else if (isPlain(left, total(fresh, reckoned))) {
    const factor = left / total(fresh, reckoned);
    for (const piece of fresh) known.set(piece, reckoned(piece) * factor);
  }
  const shares = request.map((piece) => known.get(piece) ?? reckoned(piece));
  const sum = total(shares, (share) => share);
  // Of a request without a text that is known all is its frame's.
  return shares.map((share, at) => (sum > 0 ? (share * promptTokens) / sum : at === 0 ? promptTokens : 0));
}

/** Whole numbers that add up, each less than one from its share: the largest remainders get what is left. */
function wholeShares(shares: readonly number[], sum: number): readonly number[] {
  const whole = shares.map(Math.floor);
  const byRemainder = shares
    .map((share, at) => ({ at, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.at - b.at);
  let left = Math.round(sum) - total(whole, (count) => count);
  for (const { at } of byRemainder) {
    if (left <= 0) break;
    whole[at] = (whole[at] ?? 0) + 1;
    left -= 1;
  }
  return whole;
}

function dot(amounts: readonly number[], weights: readonly number[]): number {
  return amounts.reduce((sum, amount, at) => sum + amount * (weights[at] ?? 0), 0);
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
