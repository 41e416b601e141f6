import type { Segment, SegmentOwner } from "../segment.js";
import { type Expectation, solveRidge } from "./ridge.js";
import { type TokenFeatures, tokenFeatures, USUAL_TOKENS } from "./token-features.js";

/** A call as far as its prompt goes. */
export interface CountedCall {
  /** All of the request, in their order. */
  readonly segments: readonly Segment[];
  /** Tokens of the prompt, cached ones too, as the provider counted them; null: it did not. */
  readonly promptTokens: number | null;
  /** What the model answered, as the provider counted it; absent where it did not, or nothing is known of it. */
  readonly answer?: AnswerTokens | undefined;
}

/** Tokens of an answer. */
export interface AnswerTokens {
  readonly thinking: number;
  /** Text and calls of tools. */
  readonly said: number;
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
/** What a model writes of a call beside its arguments: the tool's name, and marks. */
const USUAL_CALL = 3;
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
/** An answer is told to the model again as it was counted; what differs more has parts that are not told, or not shown. */
const SAME = { least: 0.75, most: 1.35 };

const NAMES = Object.keys(USUAL_TOKENS).filter((name): name is keyof TokenFeatures => name in USUAL_TOKENS);

/** A text with its features; the same one in many calls is one of these. */
interface Piece {
  /** Of which part of an answer it is; null: of none. */
  readonly partOf: keyof AnswerTokens | null;
  readonly amounts: readonly number[];
  readonly isAttachment: boolean;
  readonly isSilent: boolean;
  readonly isCall: boolean;
}

/** What one request has that one before it had not, and what it lacks of that. */
interface Growth {
  readonly added: readonly Piece[];
  readonly removed: readonly Piece[];
  /** Tokens by which the count grew. */
  readonly tokens: number;
  /** The answer to the request that it grew from. */
  readonly answer: AnswerTokens | undefined;
}

/**
 * Reckons the tokens of each segment over a session's calls of one model, from the totals that the provider counted.
 *
 * Features of texts tell their tokens to a few percent; by how much this model's tokenizer differs is fitted to how the
 * counts grew from call to call. What a call's segments had in a call before stays theirs, so that what is new is
 * what the count grew by: the answer in between as it was counted itself, the rest shared among the other new segments
 * as they are reckoned.
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
    const shares = sharesOf(request, promptTokens, known, reckoned, growth?.answer);
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
  const partOf = kind === "thinking" ? kind : kind === "answer" || kind === "tool-call" ? "said" : null;
  const isCall = kind === "tool-call";
  return {
    partOf,
    isCall,
    amounts: [...amounts, isSilent ? 0 : 1, isAttachment ? 1 : 0, schema],
    isAttachment,
    isSilent,
  };
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
  const counted: { readonly request: readonly Piece[]; readonly call: CountedCall; readonly tokens: number }[] = [];
  return calls.map((call, index) => {
    const { promptTokens } = call;
    if (promptTokens === null) return null;
    const request = requests[index] ?? [];
    let nearest: Difference = { added: request.filter(({ isSilent }) => !isSilent), removed: [] };
    let base: (typeof counted)[number] | undefined;
    for (const before of counted) {
      const found = difference(before.request, request);
      if (sizeOf(found) >= sizeOf(nearest)) continue;
      nearest = found;
      base = before;
    }
    counted.push({ request, call, tokens: promptTokens });
    if (counted.length > reach) counted.shift();
    return { ...nearest, tokens: promptTokens - (base?.tokens ?? 0), answer: base?.call.answer };
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

/** A growth, or a part of one, as an equation for the weights. */
interface Row {
  readonly tokens: number;
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
  const rows = growths.map((growth) => ({ growth, row: rowOf(growth) }));
  const scale = scaleOf(rows.map(({ row }) => row));
  const parts = new Map(rows.map(({ growth, row }) => [growth, [row, ...answerRows(growth, scale)]] as const));
  const errors = new Map<Growth, number>();
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const inFold = rows.filter((_, index) => index % FOLDS === fold);
    if (inFold.length === 0) break;
    const others = rows.filter((_, index) => index % FOLDS !== fold);
    const weights = weightsOf(others.flatMap(({ growth }) => parts.get(growth) ?? []));
    for (const { growth, row } of inFold) errors.set(growth, Math.abs(dot(row.amounts, weights) - growth.tokens));
  }
  return { weights: weightsOf([...parts.values()].flat()), errors };
}

function rowOf({ added, removed, tokens }: Pick<Growth, "added" | "removed" | "tokens">): Row {
  const sum = (pieces: readonly Piece[], at: number): number => total(pieces, ({ amounts }) => amounts[at] ?? 0);
  const come = USUAL_WEIGHTS.map((_, at) => sum(added, at));
  const gone = USUAL_WEIGHTS.map((_, at) => sum(removed, at));
  const amounts = come.map((amount, at) => amount - (gone[at] ?? 0));
  const moved = dot(come, USUAL_WEIGHTS) + dot(gone, USUAL_WEIGHTS);
  return { tokens, amounts, expected: dot(amounts, USUAL_WEIGHTS), moved };
}

/** What the provider has counted of an answer by itself; marks around it are not the model's own. */
function answerRows({ added, answer }: Growth, scale: number): readonly Row[] {
  return countedParts(added, answer).flatMap(({ pieces, tokens }) => {
    const row = rowOf({ added: pieces.map(withoutFrame), removed: [], tokens });
    return isSame(tokens, row.expected * scale) ? [row] : [];
  });
}

/** The parts of an answer that were counted; some providers count thinking with what is said. */
function countedParts(
  pieces: readonly Piece[],
  answer: AnswerTokens | undefined,
): readonly { readonly pieces: readonly Piece[]; readonly tokens: number }[] {
  if (!answer) return [];
  const texts = Math.max(0, answer.said - USUAL_CALL * pieces.filter(({ isCall }) => isCall).length);
  if (answer.thinking === 0) return [{ pieces: pieces.filter(({ partOf }) => partOf !== null), tokens: texts }];
  return (["thinking", "said"] as const).map((part) => ({
    pieces: pieces.filter(({ partOf }) => partOf === part),
    tokens: part === "said" ? texts : answer.thinking,
  }));
}

function withoutFrame(piece: Piece): Piece {
  return { ...piece, amounts: piece.amounts.map((amount, at) => (at === NAMES.length ? 0 : amount)) };
}

function isSame(tokens: number, expected: number): boolean {
  return tokens > 0 && tokens >= expected * SAME.least && tokens <= expected * SAME.most;
}

function weightsOf(rows: readonly Row[]): readonly number[] {
  const scale = scaleOf(rows);
  const equations = rows
    .filter(({ tokens, expected }) => isPlain(tokens, expected * scale))
    .map(({ tokens, amounts, moved }) => ({
      amounts,
      sum: tokens,
      spread: NOISE.share * moved * scale + NOISE.tokens,
    }));
  return solveRidge(expectations(scale), equations);
}

function isPlain(tokens: number, expected: number): boolean {
  return expected > 0 && tokens >= expected * PLAIN.least && tokens <= expected * PLAIN.most;
}

/** The ratio that half of what was counted is below. */
function scaleOf(rows: readonly Row[]): number {
  const found = rows.map(({ tokens, expected }) => ({ ratio: tokens / expected, weight: expected }));
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
  answer: AnswerTokens | undefined,
): readonly number[] {
  if (promptTokens === null) return request.map((piece) => known.get(piece) ?? reckoned(piece));
  if (answer) takeAnswer(request, known, reckoned, answer);
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

/** What the answer before has anew has the tokens that were counted of it, and its frames. */
function takeAnswer(
  request: readonly Piece[],
  known: Map<Piece, number>,
  reckoned: (piece: Piece) => number,
  answer: AnswerTokens,
): void {
  const fresh = request.filter((piece) => !known.has(piece));
  for (const { pieces, tokens } of countedParts(fresh, answer)) {
    const bare = total(pieces, (piece) => reckoned(withoutFrame(piece)));
    if (!isSame(tokens, bare)) continue;
    for (const piece of pieces) {
      const own = reckoned(withoutFrame(piece));
      known.set(piece, reckoned(piece) - own + (own * tokens) / bare);
    }
  }
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
