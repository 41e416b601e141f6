/** What a turn is scored by: figures of its trace, by which traces are filtered, sorted and compared in Langfuse. */
import type { Score } from "../deliver/queue/scores-body.js";
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

type Value = Pick<Score, "dataType" | "value">;

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
  const own = (name: OwnScoreName, value: Value, comment?: string | null): Score =>
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
 * @throws {ConfigurationError} when it is no score
 */
export function callersScore(trace: LoopTrace, options: TraceOptions, score: NewScore): Score {
  const { name, value, kind = "category", comment } = checkedScore(score);
  const said: Value =
    typeof value === "number"
      ? { dataType: "NUMERIC", value }
      : typeof value === "boolean"
        ? { dataType: "BOOLEAN", value: value ? 1 : 0 }
        : { dataType: kind === "text" ? "TEXT" : "CATEGORICAL", value };
  const made = scoreOf(trace, options, name, said, comment);
  return { ...made, revision: revisionOf([made.dataType, made.value, made.comment]) };
}

function scoreOf(
  { traceId, loop }: LoopTrace,
  { parent, environment }: TraceOptions,
  name: string,
  value: Value,
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
  } as Score;
}

/** Six places are more than anyone compares, and the same wherever they are computed. */
function rate(share: number): Value {
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
