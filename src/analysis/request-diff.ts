import { commonStart } from "../text/in-common.js";
import type { SegmentOwner } from "../trace/model.js";
import type { WireExchange } from "../wire/model.js";
import { readJsonTree } from "../wire/protocol/json-tree.js";
import { parseRequest } from "../wire/protocol/parse-request.js";
import type { ParsedRequest } from "../wire/protocol/parsed-request.js";
import type { Segment } from "../wire/segment.js";
import type { OwnerFacts } from "../wire/segments/owner-facts.js";
import { segmentName } from "../wire/segments/owner-names.js";
import { segmentsOfRequest } from "../wire/segments/segments-of.js";

/** What changed from one request to another; plain data, as `--json` prints it. */
export interface RequestDiff {
  /** The bodies are the same to the byte. */
  readonly identical: boolean;
  /** Where the bodies first differ; null where they do not, or one begins with the whole other. */
  readonly firstDifference: FirstDifference | null;
  /** Parts in the order of the request that they are in; a part that moved without a change is none. */
  readonly changes: readonly PartChange[];
}

/** A place in two bodies. */
export interface FirstDifference {
  /** In UTF-16 units from the beginning. */
  readonly at: number;
  /** The part that it is in, of the longer request where only that one has it; null: none is known there. */
  readonly name: string | null;
  readonly owner: SegmentOwner | null;
  /** What stands there, with a little before it, and `…` where it was cut. */
  readonly before: string;
  readonly after: string;
}

/** A part that was added, removed or changed. */
export interface PartChange {
  readonly kind: "added" | "removed" | "changed";
  readonly name: string;
  readonly owner: SegmentOwner;
  /** What it said there, with `…` where it was cut; null: it was not there. */
  readonly before: string | null;
  readonly after: string | null;
  /** UTF-16 units of the texts. */
  readonly charactersBefore: number;
  readonly charactersAfter: number;
}

/** So much stands before the first difference, behind it, and of what a part said from there on. */
const LEAD = 40;
const TAIL = 80;
const OF_PART = 400;

/** Whose a part is, with its name. */
interface Place {
  readonly name: string;
  readonly owner: SegmentOwner;
}

/** The model, limits, choice of tools: all that stands beside the prompt. */
const PARAMETERS: Place = { name: "the request's parameters", owner: { kind: "rest" } };

/** Fields of a body that name the model. */
const MODEL: ReadonlySet<string> = new Set(["model", "modelId"]);

/** A request that is compared. */
interface DiffSide {
  readonly body: string;
  /** null: of a protocol that is not known. */
  readonly request: ParsedRequest | null;
  readonly segments: readonly Segment[];
}

function sideOf(exchange: WireExchange, body: string, owners: OwnerFacts): DiffSide {
  const request = parseRequest(exchange);
  return { body, request, segments: request ? segmentsOfRequest(request, owners) : [] };
}

/**
 * What changed from one request to another, part by part.
 *
 * @returns null where a body was not recorded
 */
export function requestDiff(before: WireExchange, after: WireExchange, owners: OwnerFacts): RequestDiff | null {
  const [a, b] = [before.body.text, after.body.text];
  if (a === null || b === null) return null;
  const [old, now] = [sideOf(before, a, owners), sideOf(after, b, owners)];
  return {
    identical: a === b,
    firstDifference: firstDifference(old, now),
    changes: [...parametersChange(old.request, now.request), ...changesOf(old.segments, now.segments)],
  };
}

function firstDifference(a: DiffSide, b: DiffSide): FirstDifference | null {
  const [before, after] = [a.body, b.body];
  const at = commonStart(before, after);
  if (at === Math.min(before.length, after.length)) return null;
  const place = placeOf(a, b, at);
  const from = Math.max(0, at - LEAD);
  return {
    at,
    name: place?.name ?? null,
    owner: place?.owner ?? null,
    before: excerptOf(before, from, TAIL),
    after: excerptOf(after, from, TAIL),
  };
}

/** The part that a difference is in: the same one whichever request is named first. */
function placeOf(a: DiffSide, b: DiffSide, at: number): Place | undefined {
  // Where a request goes on and the other ends, the longer one has the part.
  const longer = a.body.length === b.body.length ? a.body > b.body : a.body.length > b.body.length;
  const places = (longer ? [a, b] : [b, a]).flatMap((side) => placeIn(side, at) ?? []);
  return places.find((place) => place === PARAMETERS) ?? places[0];
}

function placeIn({ body, segments, request }: DiffSide, at: number): Place | undefined {
  const root = readJsonTree(body);
  if (!request || root?.kind !== "object") return undefined;
  // A field's name stands before its value, and behind the value before it.
  const field = [...root.fields].find(([, { to }]) => to > at);
  if (!field) return undefined;
  const [name, { to: end }] = field;
  if (MODEL.has(name) || Object.hasOwn(request.parameters, name)) return PARAMETERS;
  // Between two parts stands JSON alone: what changed is the one behind.
  const segment = segments.find((one) => one.to > at && one.from < end && !isJson(one));
  return segment && placeOfSegment(segment);
}

function changesOf(old: readonly Segment[], now: readonly Segment[]): readonly PartChange[] {
  const gone = unmatched(old, now);
  const come = unmatched(now, old);
  const used = new Set<Segment>();
  const changes = come.map((segment): PartChange => {
    const partner = gone.find((one) => !used.has(one) && keyOf(one) === keyOf(segment));
    if (partner) used.add(partner);
    return changeOf(placeOfSegment(segment), partner?.text, segment.text);
  });
  const removed = gone.filter((one) => !used.has(one));
  return [...removed.map((one) => changeOf(placeOfSegment(one), one.text, undefined)), ...changes];
}

function placeOfSegment({ owner }: Segment): Place {
  return { name: segmentName(owner), owner };
}

/** Parts of one request that do not stand in the other; of parts that say the same each counts once. */
function unmatched(own: readonly Segment[], other: readonly Segment[]): readonly Segment[] {
  const left = new Map<string, number>();
  for (const segment of other) left.set(whole(segment), (left.get(whole(segment)) ?? 0) + 1);
  return own.filter((segment) => {
    if (isJson(segment)) return false;
    const many = left.get(whole(segment)) ?? 0;
    left.set(whole(segment), many - 1);
    return many <= 0;
  });
}

/** Marks of JSON and parameters; a part of a message that is of no known kind has a text. */
function isJson({ owner, text }: Segment): boolean {
  return owner.kind === "rest" && text === "";
}

function parametersIn({ model, parameters }: ParsedRequest): Readonly<Record<string, unknown>> {
  return { ...(model === null ? {} : { model }), ...parameters };
}

/** The parameters that differ, as one part; none where they are the same. */
function parametersChange(old: ParsedRequest | null, now: ParsedRequest | null): readonly PartChange[] {
  if (!old || !now) return [];
  const [before, after] = [parametersIn(old), parametersIn(now)];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  if (names.length === 0) return [];
  // What one of them does not have is undefined, and left out.
  const [a, b] = [before, after].map((of) => JSON.stringify(Object.fromEntries(names.map((name) => [name, of[name]]))));
  return [changeOf(PARAMETERS, a, b)];
}

function keyOf({ owner }: Segment): string {
  return JSON.stringify(owner);
}

function whole(segment: Segment): string {
  return `${keyOf(segment)} ${segment.text}`;
}

function changeOf(place: Place, old: string | undefined, now: string | undefined): PartChange {
  const both = old !== undefined && now !== undefined;
  const from = both ? Math.max(0, commonStart(old, now) - LEAD) : 0;
  return {
    kind: both ? "changed" : now === undefined ? "removed" : "added",
    ...place,
    before: old === undefined ? null : excerptOf(old, from, OF_PART),
    after: now === undefined ? null : excerptOf(now, from, OF_PART),
    charactersBefore: old?.length ?? 0,
    charactersAfter: now?.length ?? 0,
  };
}

/** So much of a text from there on, with `…` where it was cut. */
function excerptOf(text: string, from: number, tail: number): string {
  const cut = text.slice(from, from + LEAD + tail);
  return `${from > 0 ? "…" : ""}${cut}${from + cut.length < text.length ? "…" : ""}`.toWellFormed();
}
