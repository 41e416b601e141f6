import type { Loop, Totals } from "../../trace/model.js";
import { otherCallsIn, spentOnOthers } from "../../trace/other-calls.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import type { TraceContext } from "../trace-context.js";
import { maskedIn } from "./masked-in.js";
import type { SpanFacts } from "./span-facts.js";

/** What a turn's span says of it; a subagent's says whose session it is instead of what is the turn's. */
export function loopFacts(loop: Loop, { trace, options }: TraceContext, root: boolean): SpanFacts {
  const { session } = trace;
  const about = root
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
  return {
    ...about,
    timing: loop.timing,
    outcome: loop.outcome,
    agent: loop.agent,
    userMessage: loop.userMessageId,
    copied: loop.copied ? true : undefined,
    masked: maskedIn(loop) || undefined,
    totals: totalsOf(loop.totals),
    totalsWithSubagents: totalsOf(loop.totalsWithSubagents),
    otherCalls: othersOf(loop),
    timeAccountMs: loop.account,
    unanswered: loop.unanswered.length > 0 ? loop.unanswered : undefined,
    wireNotes: root && trace.wire && trace.wire.notes.length > 0 ? trace.wire.notes : undefined,
    notes: loop.notes.length > 0 ? loop.notes : undefined,
  };
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
  const withoutUsage = calls.filter(({ usage }) => usage === null).length;
  if (withoutUsage === 0) return { calls: calls.length, ...spent };
  return { calls: calls.length, withoutUsage, ...spent, ...(withoutUsage === calls.length ? { usage: null } : {}) };
}

function nonEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}
