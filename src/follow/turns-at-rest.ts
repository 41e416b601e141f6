import type { RunEvidence } from "../opencode/evidence.js";
import type { EventEvidence } from "../opencode/server.js";
import { lastMomentOfLoop } from "../trace/extent.js";
import type { Loop, LoopTrace } from "../trace/model.js";
import { isUnanswered } from "../trace/unanswered.js";
import { servedRun } from "./served-run.js";
import { isNews, type ToldTurns } from "./told-turns.js";

/** A session of a followed server that has come to rest. */
export interface SessionAtRest {
  readonly rootId: string;
  /** Of all turns of the session, and perhaps of subagents' sessions. */
  readonly traces: readonly LoopTrace[];
  /** What the server's events told. */
  readonly evidence: EventEvidence;
  /** The session and those of its subagents. */
  readonly family: ReadonlySet<string>;
}

/** What a session at rest has to tell. */
export interface TurnsAtRest {
  /** The turns to be told, by the ids of their prompts. */
  readonly turns: ReadonlySet<string>;
  /** How those ended that were not told before: what is stored of that stays when the turn goes on. */
  readonly runs: readonly RunEvidence[];
}

/**
 * The turns of a session at rest that are news.
 *
 * @param since turns that ended before are left alone, but for the last one; ms since the epoch
 */
export function turnsAtRest(told: ToldTurns, session: SessionAtRest, since: number): TurnsAtRest {
  const { rootId, traces, evidence, family } = session;
  const loops = loopsOf(traces, rootId).filter((loop) => !isUnanswered(loop) || hasFailed(loop, evidence));
  const last = loops.at(-1);
  const turns = new Set(
    loops
      .filter((loop) => !loop.copied && isNews(told, loop))
      .filter((loop) => loop === last || lastMomentOfLoop(loop) >= since)
      .map(({ userMessageId }) => userMessageId),
  );
  const runs = loops.flatMap((loop, index) => {
    const isFirst = turns.has(loop.userMessageId) && !told.has(loop.userMessageId);
    const nextStart = loops[index + 1]?.start ?? Number.POSITIVE_INFINITY;
    return isFirst ? [servedRun(loop, nextStart, evidence, family)] : [];
  });
  return { turns, runs };
}

/** The turns of one session alone. */
export function loopsOf(traces: readonly LoopTrace[], sessionId: string): readonly Loop[] {
  return traces.map(({ loop }) => loop).filter((loop) => loop.sessionId === sessionId);
}

/**
 * Whether the server told of a failure after a message that no model answered. Without one it may never have been to be
 * answered, and is told with the turn that reads it.
 */
function hasFailed({ sessionId, start }: Loop, evidence: EventEvidence): boolean {
  return evidence.errors.some((error) => error.sessionId === sessionId && error.at >= start);
}
