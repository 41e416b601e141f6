/** What a turn is scored by: figures of its trace, by which traces are filtered, sorted and compared in Langfuse. */
import type { Score, ScoreValue } from "../deliver/queue/scores-body.js";
import type { TraceOptions } from "../otel/options.js";
import { tailOf } from "../text/bounded-text.js";
import { doomLoopText } from "../trace/doom-loop-text.js";
import type { Loop, LoopTrace, StepEvent } from "../trace/model.js";
import { subagentsOfLoop } from "../trace/totals.js";
import { promptTokens } from "../trace/usage.js";
import { checkedScore, type NewScore, type OwnScoreName } from "./new-score.js";
import { revisionOf, scoreId } from "./score-id.js";

/** Enough to see why; what matters of a log stands at its end. */
const LONGEST_COMMENT = 4_000;

/**
 * looptrace's own scores of a turn that is over. Those that cannot be known of it are left out; a turn that a fork
 * copied has none, since it was scored where it happened.
 *
 * @param options what the trace is sent with
 */
export function scoresOf(trace: LoopTrace, options: TraceOptions = {}): readonly Score[] {
  const { loop } = trace;
  if (loop.copied) return [];
  const { totalsWithSubagents: totals, account, error } = loop;
  const { usage, cost, tools, toolFailures } = totals;
  const prompt = promptTokens(usage);
  const doom = doomLoopIn(loop);
  const content = options.content ?? true;
  const why = error && (content ? `${error.code}: ${error.message}` : error.code);
  const own = (name: OwnScoreName, value: ScoreValue, comment?: string | null): Score =>
    scoreOf(trace, options, name, value, comment);
  return [
    own("outcome", { dataType: "CATEGORICAL", value: loop.outcome }, why),
    ...(tools > 0 ? [own("tool_error_rate", rate(toolFailures / tools), `${toolFailures} of ${tools}`)] : []),
    ...(prompt > 0 ? [own("cache_hit_ratio", rate(usage.cacheRead / prompt))] : []),
    own(
      "doom_loop",
      { dataType: "BOOLEAN", value: doom ? 1 : 0 },
      doom && content ? doomLoopText(doom.attributes) : null,
    ),
    ...(account.duration > 0
      ? [
          own(
            "opencode_time_share",
            rate(account.other / account.duration),
            `${account.other} of ${account.duration} ms`,
          ),
        ]
      : []),
    ...(cost !== null ? [own("cost_usd", { dataType: "NUMERIC", value: cost })] : []),
  ];
}

/**
 * The caller's own score of a turn.
 *
 * @param options what the trace is sent with
 * @param now ms since the epoch: of two values under one name the one that was said later counts
 * @throws {ConfigurationError} when it is no score
 */
export function callersScore(trace: LoopTrace, options: TraceOptions, score: NewScore, now: number): Score {
  const { name, value, kind = "category", comment } = checkedScore(score);
  const said: ScoreValue =
    typeof value === "number"
      ? { dataType: "NUMERIC", value }
      : typeof value === "boolean"
        ? { dataType: "BOOLEAN", value: value ? 1 : 0 }
        : { dataType: kind === "text" ? "TEXT" : "CATEGORICAL", value };
  const made = scoreOf(trace, options, name, said, comment);
  return {
    ...made,
    // Langfuse would keep what was said about the value before.
    comment: made.comment ?? null,
    timestamp: new Date(momentOf(trace.loop.start, now)).toISOString(),
    revision: revisionOf([made.dataType, made.value, made.comment]),
  };
}

const DAY_MS = 86_400_000;

/**
 * The moment that Langfuse files a score by: of two values of one score it keeps the one whose moment is later, and it
 * is the same score only on the same day (UTC). So a second that has passed since the turn began counts as a
 * millisecond, for as long as the turn's day has some.
 */
function momentOf(start: number, now: number): number {
  const dayEnd = Math.floor(start / DAY_MS) * DAY_MS + DAY_MS - 1;
  return Math.min(dayEnd, start + Math.max(0, Math.floor((now - start) / 1000)));
}

function scoreOf(
  { traceId, loop }: LoopTrace,
  { parent, environment }: TraceOptions,
  name: string,
  value: ScoreValue,
  comment: string | null | undefined,
): Score {
  const shown = parent?.traceId ?? traceId;
  return {
    id: scoreId(shown, loop.spanId, name),
    traceId: shown,
    // A trace of another program's can hold several turns.
    ...(parent ? { observationId: loop.spanId } : {}),
    name,
    ...value,
    // Langfuse tells scores apart by their day too: it has to be the same whenever the score is sent.
    timestamp: new Date(loop.start).toISOString(),
    ...(comment ? { comment: tailOf(comment, LONGEST_COMMENT) } : {}),
    ...(environment === undefined ? {} : { environment }),
  };
}

/** Six places are more than anyone compares, and the same wherever they are computed. */
function rate(share: number): ScoreValue {
  return { dataType: "NUMERIC", value: Math.round(share * 1e6) / 1e6 };
}

function doomLoopIn(loop: Loop): StepEvent | undefined {
  const own = loop.steps.flatMap(({ events }) => events).find(({ name }) => name === "doom-loop");
  return (
    own ??
    subagentsOfLoop(loop)
      .map(doomLoopIn)
      .find((found) => found !== undefined)
  );
}
