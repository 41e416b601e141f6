import type { SegmentOwner } from "../trace/model.js";
import type { WireExchange } from "../wire/model.js";
import type { Segment } from "../wire/segment.js";
import type { OwnerFacts } from "../wire/segments/owner-facts.js";
import { segmentName } from "../wire/segments/owner-names.js";
import { segmentsOf } from "../wire/segments/segments-of.js";

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
  /** The part that it is in, in the later request; null: none is known there. */
  readonly name: string | null;
  readonly owner: SegmentOwner | null;
  /** What stands there, with a little before it. */
  readonly before: string;
  readonly after: string;
}

/** A part that was added, removed or changed. */
export interface PartChange {
  readonly kind: "added" | "removed" | "changed";
  readonly name: string;
  readonly owner: SegmentOwner;
  /** What it said there, cut; null: it was not there. */
  readonly before: string | null;
  readonly after: string | null;
  /** UTF-16 units of the texts. */
  readonly charactersBefore: number;
  readonly charactersAfter: number;
}

/** So much stands before the first difference, and behind it. */
const LEAD = 40;
const TAIL = 80;

/**
 * What changed from one request to another, part by part.
 *
 * @returns null where a body was not recorded
 */
export function requestDiff(before: WireExchange, after: WireExchange, owners: OwnerFacts): RequestDiff | null {
  const [a, b] = [before.body.text, after.body.text];
  if (a === null || b === null) return null;
  const [old, now] = [segmentsOf(before, owners), segmentsOf(after, owners)];
  return { identical: a === b, firstDifference: firstDifference(a, b, now), changes: changesOf(old, now) };
}

function firstDifference(a: string, b: string, now: readonly Segment[]): FirstDifference | null {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at === most) return null;
  // Between two parts stands JSON alone: what changed is the one behind.
  const segment = now.find(({ to, owner }) => to > at && owner.kind !== "rest");
  const around = (text: string): string => text.slice(Math.max(0, at - LEAD), at + TAIL).toWellFormed();
  return {
    at,
    name: segment ? segmentName(segment.owner) : null,
    owner: segment?.owner ?? null,
    before: around(a),
    after: around(b),
  };
}

function changesOf(old: readonly Segment[], now: readonly Segment[]): readonly PartChange[] {
  const gone = unmatched(old, now);
  const come = unmatched(now, old);
  const used = new Set<Segment>();
  const changes = come.map((segment): PartChange => {
    const partner = gone.find((one) => !used.has(one) && keyOf(one) === keyOf(segment));
    if (partner) used.add(partner);
    return changeOf(partner, segment);
  });
  return [...gone.filter((one) => !used.has(one)).map((one) => changeOf(one, undefined)), ...changes];
}

/** Parts of one request that do not stand in the other; of parts that say the same each counts once. */
function unmatched(own: readonly Segment[], other: readonly Segment[]): readonly Segment[] {
  const left = new Map<string, number>();
  for (const segment of other) left.set(whole(segment), (left.get(whole(segment)) ?? 0) + 1);
  return own.filter((segment) => {
    if (segment.owner.kind === "rest") return false;
    const many = left.get(whole(segment)) ?? 0;
    left.set(whole(segment), many - 1);
    return many <= 0;
  });
}

function keyOf({ owner }: Segment): string {
  return JSON.stringify(owner);
}

function whole(segment: Segment): string {
  return `${keyOf(segment)} ${segment.text}`;
}

function changeOf(old: Segment | undefined, now: Segment | undefined): PartChange {
  const { owner } = now ?? old ?? { owner: { kind: "rest" } };
  const from = old && now ? Math.max(0, commonStart(old.text, now.text) - LEAD) : 0;
  const excerpt = (text: string): string => {
    const cut = text.slice(from, from + LEAD + TAIL);
    return `${from > 0 ? "…" : ""}${cut}${from + cut.length < text.length ? "…" : ""}`.toWellFormed();
  };
  return {
    kind: old && now ? "changed" : now ? "added" : "removed",
    name: segmentName(owner),
    owner,
    before: old ? excerpt(old.text) : null,
    after: now ? excerpt(now.text) : null,
    charactersBefore: old?.text.length ?? 0,
    charactersAfter: now?.text.length ?? 0,
  };
}

function commonStart(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return at;
}
