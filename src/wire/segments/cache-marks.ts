import type { CacheMark, ParsedRequest } from "../protocol/parsed-request.js";
import type { SegmentOwner } from "../segment.js";
import type { SentRequest } from "./read-request.js";

/** A mark up to which the provider was asked to cache. */
export interface MarkedPart {
  /** The last part that it covers. */
  readonly owner: SegmentOwner;
  /** The place of that among the request's parts, from 0. */
  readonly index: number;
  /** How long the provider was asked to keep it. */
  readonly ttlMs: number;
}

/** Where a provider that caches only what is marked was asked to, and where that would help. */
export interface CacheMarks {
  readonly marks: readonly MarkedPart[];
  /** What no mark covers although it comes again with each call. */
  readonly unmarked: readonly ("tools and system prompt" | "conversation")[];
}

/** @returns null of a protocol whose providers cache by themselves */
export function cacheMarks({ request, parts }: SentRequest): CacheMarks | null {
  if (!needsMarks(request)) return null;
  const marked = markedRanges(request);
  const marks = parts.flatMap(({ owner, from, to }, index): MarkedPart[] => {
    const mark = marked.find((range) => from >= range.from && to <= range.to)?.mark;
    const next = parts[index + 1];
    // Of a block that is cut into several parts the last one carries it.
    const isLast = !next || !marked.some((range) => [from, next.from].every((at) => at >= range.from && at < range.to));
    return mark && isLast ? [{ owner, index, ttlMs: mark.ttlMs }] : [];
  });
  const isPrefix = ({ kind }: SegmentOwner): boolean => kind === "tool-schema" || kind === "system";
  const has = (prefix: boolean): boolean => parts.some(({ owner }) => isPrefix(owner) === prefix);
  const covers = (prefix: boolean): boolean => marks.some(({ owner }) => isPrefix(owner) === prefix);
  return {
    marks,
    unmarked: [
      // A mark behind the whole of it covers it too, but only together with what changes.
      ...(has(true) && !covers(true) ? (["tools and system prompt"] as const) : []),
      ...(has(false) && !covers(false) ? (["conversation"] as const) : []),
    ],
  };
}

/** Whether the providers of a protocol cache nothing without being asked to. */
export function needsMarks({ protocol }: ParsedRequest): boolean {
  return protocol === "anthropic-messages" || protocol === "bedrock-converse";
}

function markedRanges({ system, tools, messages }: ParsedRequest): readonly {
  readonly from: number;
  readonly to: number;
  readonly mark: CacheMark;
}[] {
  const blocks = [...system, ...tools, ...messages.flatMap(({ parts }) => parts)];
  return blocks.flatMap(({ from, to, cacheMark }) => (cacheMark ? [{ from, to, mark: cacheMark }] : []));
}
