import type { Loop, Totals } from "../../trace/model.js";
import { isUnknown } from "../../trace/other-call-usage.js";
import { otherCallsIn, spentOnOthers } from "../../trace/other-calls.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import type { TraceContext } from "../trace-context.js";
import { maskedIn } from "./masked-in.js";
import type { SpanFacts } from "./span-facts.js";

/** What a turn's span says of it; a subagent's says whose session it is instead of what is the turn's. */
export function loopFacts(loop: Loop, { trace, options }: TraceContext, root: boolean): SpanFacts {
  const { session } = trace;
  const facts: Record<string, unknown> = root
    ? {
        title: session.title,
        directory: session.directory,
        opencodeVersion: session.opencodeVersion,
        looptraceVersion: LOOPTRACE_VERSION,
        turn: session.turn,
        run: loop.run?.id,
        attempt: loop.run?.attempt,
        unread: nonEmpty(session.unread),
        ...options.metadata,
      }
    : { subagentSession: loop.sessionId };
  // One by one: of objects that are put together of others the engine takes each for a class of its own.
  facts.timing = loop.timing;
  facts.outcome = loop.outcome;
  facts.agent = loop.agent;
  facts.userMessage = loop.userMessageId;
  facts.copied = loop.copied ? true : undefined;
  facts.masked = maskedIn(loop) || undefined;
  facts.totals = totalsOf(loop.totals);
  facts.totalsWithSubagents = totalsOf(loop.totalsWithSubagents);
  facts.otherCalls = othersOf(loop);
  facts.timeAccountMs = loop.account;
  facts.unanswered = loop.unanswered.length > 0 ? loop.unanswered : undefined;
  facts.wireNotes = root && trace.wire && trace.wire.notes.length > 0 ? trace.wire.notes : undefined;
  facts.notes = loop.notes.length > 0 ? loop.notes : undefined;
  return facts;
}

/** What sums lack is told where they lack something. */
function totalsOf({ doubtfulCalls, ...totals }: Totals): object {
  return doubtfulCalls > 0 ? { ...totals, doubtfulCalls } : totals;
}

/** What the sums leave out: the calls beside the steps, those of subagents too. */
function othersOf(loop: Loop): object | undefined {
  const calls = otherCallsIn(loop);
  if (calls.length === 0) return undefined;
  const spent = spentOnOthers(calls);
  const withoutUsage = calls.filter(isUnknown).length;
  if (withoutUsage === 0) return { calls: calls.length, ...spent };
  return { calls: calls.length, withoutUsage, ...spent, ...(withoutUsage === calls.length ? { usage: null } : {}) };
}

function nonEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}
