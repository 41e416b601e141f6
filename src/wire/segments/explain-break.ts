import { duration } from "../../text/format.js";
import type { Segment, SegmentOwner } from "../segment.js";
import { cacheMarks, needsMarks } from "./cache-marks.js";
import { type Difference, excerpt, firstDifference } from "./first-difference.js";
import { ownerWords } from "./owner-words.js";
import type { SentRequest } from "./read-request.js";

/** What kind of cause a provider's cache broke for. */
export type BreakKind =
  | "model"
  | "tools-added"
  | "tools-removed"
  | "tools-reordered"
  | "tool-changed"
  | "system-changed"
  | "compaction"
  | "message-added"
  | "message-removed"
  | "message-edited"
  | "parameters"
  | "unmarked"
  | "too-far"
  | "expired"
  /** So long after the request before it the provider may keep a prompt, and need not. */
  | "expired-or-lost"
  | "lost";

/** Why a provider did not find in its cache what it had read for the request before. */
export interface BreakCause {
  readonly kind: BreakKind;
  /** In one sentence, without a full stop. */
  readonly cause: string;
  /** Whose the part is in which the requests begin to differ; null where they do not, or differ as a whole. */
  readonly owner: SegmentOwner | null;
  /** Where that is in the later body, in units; null as above. */
  readonly at: number | null;
  /** What stood there, and what stands there now; at most 160 units and marks of omission. */
  readonly before: string | null;
  readonly after: string | null;
}

const MINUTE = 60_000;
/** So long all providers keep a prompt that nothing asks for again. */
const USUAL_TTL = 5 * MINUTE;
/** Those that cache by themselves promise no more, and keep it for as long as this; ms. */
const LONGEST_TTL = { usual: 60 * MINUTE, extended: 24 * 60 * MINUTE };
/** How many blocks Anthropic looks back from a mark for what it has cached. */
const LOOK_BACK = 20;
/** What opencode puts in a result's place that it leaves out of later requests. */
const CLEARED = "[Old tool result content cleared]";
/** How opencode begins a conversation that it has summed up. */
const SUMMED_UP = /^\s*(?:What did we do so far\?|<conversation-checkpoint>)/;
/** Parameters that say nothing of the prompt. */
const FREE: ReadonlySet<string> = new Set([
  ...["stream", "stream_options", "max_tokens", "max_completion_tokens", "max_output_tokens", "metadata", "user"],
]);

/**
 * Why a provider's cache broke between two requests of a session.
 *
 * Marks for the cache move on from request to request and count as no difference.
 */
export function explainBreak(before: SentRequest, after: SentRequest): BreakCause {
  const [then, now] = [before.request.model, after.request.model];
  if (then !== now) {
    return {
      ...WHOLE,
      kind: "model",
      cause: `another model was asked: ${now}, before it ${then}`,
      before: then,
      after: now,
    };
  }
  const at = before.parts.findIndex((part, index) => !isSame(before, part, after, after.parts[index]));
  const isShorter = at === after.parts.length && at < before.parts.length;
  if (at === -1 || isShorter) return samePrefix(before, after);
  const [old, fresh] = [before.parts[at], after.parts[at]];
  if (!old || !fresh) return samePrefix(before, after);
  if (old.owner.kind === "tool-schema" || fresh.owner.kind === "tool-schema") return toolsCause(before, after, at);
  if (old.owner.kind === "system" || fresh.owner.kind === "system") return systemCause(before, after, at);
  return messageCause(before, after, at);
}

const WHOLE = { owner: null, at: null, before: null, after: null } as const;

/** Whether a model reads the same in both. */
function isSame(before: SentRequest, one: Segment, after: SentRequest, other: Segment | undefined): boolean {
  return other !== undefined && identityOf(before, one) === identityOf(after, other);
}

function identityOf({ request: { body } }: SentRequest, { owner, text, from, to }: Segment): string {
  switch (owner.kind) {
    case "attachment":
      return `${owner.kind} ${withoutMark(body.slice(from, to))}`;
    case "tool-call":
    case "tool-result":
      return `${owner.kind} ${owner.tool} ${owner.callId} ${text}`;
    case "system":
      return `${owner.kind} ${text}`;
    case "tool-schema":
      return `${owner.kind} ${text}`;
    default:
      // What is told from whom by its text only is no other text for that.
      return text;
  }
}

function withoutMark(json: string): string {
  return json.replace(/,?"cache_control":\{[^{}]*\}/g, "");
}

function toolsCause(before: SentRequest, after: SentRequest, at: number): BreakCause {
  const [old, fresh] = [toolAt(before, at), toolAt(after, at)];
  const names = (sent: SentRequest): readonly string[] => sent.request.tools.map(({ name }) => name);
  const added = names(after).filter((name) => !names(before).includes(name));
  const removed = names(before).filter((name) => !names(after).includes(name));
  const lost = removed.length > 0 ? `; ${listed(removed)} went` : "";
  if (fresh && added.includes(fresh.owner.tool)) {
    const late = fresh.owner.server === null ? "" : `: MCP server ${fresh.owner.server} came late, or anew`;
    return caused("tools-added", `${toolsText(added)} came into the request${late}${lost}`, null, fresh, after);
  }
  if (old && removed.includes(old.owner.tool)) {
    const gone = old.owner.server === null ? "" : `: MCP server ${old.owner.server} gives them no more`;
    return caused("tools-removed", `${toolsText(removed)} went from the request${gone}`, old, null, after);
  }
  if (old && fresh && old.owner.tool === fresh.owner.tool) {
    return caused("tool-changed", `${ownerWords(fresh.owner)} changed`, old, fresh, after);
  }
  return caused("tools-reordered", "the tools stand in another order", old ?? null, fresh ?? null, after);
}

type ToolSegment = Segment & { readonly owner: Extract<SegmentOwner, { readonly kind: "tool-schema" }> };

function toolAt({ parts }: SentRequest, at: number): ToolSegment | undefined {
  const part = parts[at];
  return part && isTool(part) ? part : undefined;
}

function isTool(part: Segment): part is ToolSegment {
  return part.owner.kind === "tool-schema";
}

function toolsText(names: readonly string[]): string {
  return names.length === 1 ? `tool ${names[0]}` : `${names.length} tools (${listed(names)})`;
}

/** How many names a sentence has. */
const NAMED = 3;

function listed(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return `${names.slice(0, NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function systemCause(before: SentRequest, after: SentRequest, at: number): BreakCause {
  const [old, fresh] = [before.parts[at], after.parts[at]];
  const has = (sent: SentRequest, part: Segment): boolean =>
    sent.parts.some(({ owner }) => isSameOwner(owner, part.owner));
  if (fresh?.owner.kind === "system" && !(old && isSameOwner(old.owner, fresh.owner)) && !has(before, fresh)) {
    return caused(
      "system-changed",
      `${ownerWords(fresh.owner)} came into the system prompt`,
      old ?? null,
      fresh,
      after,
    );
  }
  if (old?.owner.kind === "system" && !(fresh && isSameOwner(old.owner, fresh.owner)) && !has(after, old)) {
    return caused("system-changed", `${ownerWords(old.owner)} went from the system prompt`, old, null, after, fresh);
  }
  const dates = [old, fresh].map((part) => /Today's date: (.*)/.exec(part?.text ?? "")?.[1]);
  const [then, now] = dates;
  const isDate = then !== undefined && now !== undefined && then !== now;
  const cause = isDate
    ? `the date in the system prompt changed from ${then} to ${now}`
    : `${ownerWords((fresh ?? old)?.owner ?? { kind: "rest" })} changed`;
  return caused("system-changed", cause, old ?? null, fresh ?? null, after);
}

function isSameOwner(one: SegmentOwner, other: SegmentOwner): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function messageCause(before: SentRequest, after: SentRequest, at: number): BreakCause {
  const [old, fresh] = [before.parts[at], after.parts[at]];
  if (!old || !fresh) return samePrefix(before, after);
  const isSummary = ({ text }: Segment): boolean => SUMMED_UP.test(text);
  if (after.parts.slice(at).some(isSummary) && !before.parts.slice(at).some(isSummary)) {
    return caused("compaction", "the conversation was summed up", old, fresh, after);
  }
  if (fresh.text === CLEARED) {
    return caused("message-edited", `opencode cleared ${ownerWords(old.owner)}`, old, fresh, after);
  }
  const reappears = (part: Segment, of: SentRequest, within: SentRequest): boolean =>
    part.text !== "" && within.parts.slice(at + 1).some((other) => isSame(of, part, within, other));
  if (reappears(fresh, after, before)) {
    return caused(
      "message-removed",
      `${ownerWords(old.owner)} was taken out of the conversation`,
      old,
      null,
      after,
      fresh,
    );
  }
  if (reappears(old, before, after)) {
    return caused("message-added", `${ownerWords(fresh.owner)} was put into the conversation`, null, fresh, after);
  }
  return caused("message-edited", `${ownerWords(fresh.owner)} is another than it was`, old, fresh, after);
}

/** @param stands what stands in the later request at the place, where that is not the part itself */
function caused(
  kind: BreakKind,
  cause: string,
  old: Segment | null,
  fresh: Segment | null,
  after: SentRequest,
  stands: Segment | undefined = fresh ?? undefined,
): BreakCause {
  const difference: Difference | null = old && fresh ? firstDifference(old.text, fresh.text) : null;
  const offset = difference && fresh ? rawOffset(after.request.body, fresh, difference.at) : 0;
  return {
    kind,
    cause,
    owner: (fresh ?? old)?.owner ?? null,
    at: stands ? stands.from + offset : null,
    before: difference?.before ?? (old && excerpt(old.text, 0)),
    after: difference?.after ?? (fresh && excerpt(fresh.text, 0)),
  };
}

/** Where in a part's JSON the unit of its text stands; 0 where the text is no stretch of it. */
function rawOffset(body: string, { from, to, text }: Segment, at: number): number {
  const raw = body.slice(from, to);
  const start = JSON.stringify(text.slice(0, at)).slice(1, -1);
  const found = raw.indexOf(start);
  return found === -1 ? 0 : found + start.length;
}

/** All of the request before is the beginning of this one: the cache is not the prompt's matter. */
function samePrefix(before: SentRequest, after: SentRequest): BreakCause {
  const changed = changedParameters(before, after);
  if (changed.length > 0) {
    const [name = ""] = changed;
    const value = ({ request: { parameters } }: SentRequest): string =>
      excerpt(JSON.stringify(parameters[name]) ?? "", 0);
    return {
      ...{ kind: "parameters", owner: { kind: "rest" }, at: null },
      cause: `the prompt is the same so far, but ${listed(changed)} changed`,
      ...{ before: value(before), after: value(after) },
    };
  }
  const [then, now] = [cacheMarks(before)?.marks ?? [], cacheMarks(after)?.marks ?? []];
  if (needsMarks(after.request) && then.length > 0) {
    if (now.length === 0) {
      return {
        ...WHOLE,
        kind: "unmarked",
        cause: "the prompt is the same so far, but no mark asks for the cache any more",
      };
    }
    const last = Math.max(...then.map(({ index }) => index));
    const behind = now.map(({ index }) => index - last).filter((distance) => distance >= 0);
    if (behind.length > 0 && Math.min(...behind) > LOOK_BACK) {
      const cause = `the prompt is the same so far, but its next mark stands ${Math.min(...behind)} blocks behind the last cached one, and ${LOOK_BACK} are looked back`;
      return { ...WHOLE, kind: "too-far", cause };
    }
  }
  const gap = Math.max(0, after.sentAt - before.sentAt);
  const { least, most } = keptFor(before);
  const kept = least === most ? duration(least) : `${duration(least)} to ${duration(most)}`;
  const [same, passed] = ["the prompt is the same so far", duration(gap)];
  if (gap > most) {
    const cause = `${same}, but ${passed} had passed, and the provider keeps it for ${kept}`;
    return { ...WHOLE, kind: "expired", cause };
  }
  if (gap > least) {
    const cause = `${same}, but ${passed} had passed, and the provider keeps it for ${kept}: it expired, or the provider lost its cache`;
    return { ...WHOLE, kind: "expired-or-lost", cause };
  }
  return { ...WHOLE, kind: "lost", cause: `${same}, and only ${passed} had passed: the provider lost its cache` };
}

function changedParameters(before: SentRequest, after: SentRequest): readonly string[] {
  const [old, fresh] = [before.request.parameters, after.request.parameters];
  return [...new Set([...Object.keys(old), ...Object.keys(fresh)])].filter(
    (name) => !FREE.has(name) && JSON.stringify(old[name]) !== JSON.stringify(fresh[name]),
  );
}

/** How long a provider keeps a request's prompt, ms: as it was asked to, else something between the two. */
function keptFor(sent: SentRequest): { readonly least: number; readonly most: number } {
  const marks = cacheMarks(sent)?.marks;
  if (marks) {
    const asked = Math.max(USUAL_TTL, ...marks.map(({ ttlMs }) => ttlMs));
    return { least: asked, most: asked };
  }
  const isExtended = sent.request.parameters.prompt_cache_retention === "24h";
  return { least: USUAL_TTL, most: isExtended ? LONGEST_TTL.extended : LONGEST_TTL.usual };
}
