import type { StorePaths } from "../deliver/store-paths.js";
import { storePaths } from "../deliver/store-paths.js";
import { classify } from "../errors/classify.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import { errorFromFacts } from "../errors/opencode-errors.js";
import { type DriveHooks, type DriveRequest, type DriveResult, drive } from "../opencode/drive.js";
import { readLogEvidence } from "../opencode/log-evidence.js";
import type { SessionTree } from "../opencode/schema/session-export.js";
import type { RunEvidence } from "../trace/evidence.js";
import type { LoopTrace, Totals } from "../trace/model.js";
import { addTotals, totalsOf } from "../trace/totals.js";
import { traceSession } from "../trace/trace-session.js";
import { keepSession, keptSession } from "./session-store.js";

/** How opencode works on prompts: what holds for all of them, each prompt can say otherwise. */
export interface OpenCodeOptions extends Omit<DriveRequest, "message" | "deadlineMs"> {
  /** How long a turn may take, in ms; 10 minutes by default, `Infinity` for ever. */
  readonly timeoutMs?: number | undefined;
  /** Where the session is kept; default the user's data folder, `null` keeps nothing. */
  readonly store?: StorePaths | null | undefined;
}

/** What became of one prompt. */
export interface TurnResult {
  /** The final text, or as much of it as there was when the turn failed. */
  readonly text: string | null;
  /** The loop's output: the text, or the structured value where one was asked for. */
  readonly output: unknown;
  /** Why the turn failed; null when it succeeded. */
  readonly error: ErrorFacts | null;
  /** null when opencode never came to make a session. */
  readonly sessionId: string | null;
  /** The traces of the turns that began in this run: one, unless somebody else wrote into the same session. */
  readonly traces: readonly LoopTrace[];
  /** Tokens, cost and counts of the turn with its subagents. */
  readonly totals: Totals;
  /** The session with those of its subagents, as exported. */
  readonly session: SessionTree | null;
  /** Whether the session lies in the store, so that it can be traced and shown without opencode. */
  readonly kept: boolean;
  readonly opencode: DriveResult["opencode"];
  readonly exit: DriveResult["exit"];
  /** What a person should know: an unknown version of opencode, a subagent whose session is missing. */
  readonly notes: readonly string[];
}

/**
 * opencode as an agent that can be prompted.
 *
 * @example
 * ```ts
 * const agent = new OpenCode({ model: "anthropic/claude-sonnet-4-6", timeoutMs: 600_000 });
 * const { text, totals, traces } = await agent.prompt("Fix the failing test");
 * ```
 */
export class OpenCode {
  readonly #options: OpenCodeOptions;

  constructor(options: OpenCodeOptions = {}) {
    this.#options = options;
  }

  /**
   * Runs one prompt and waits for its end.
   *
   * @returns the result of a turn that succeeded
   * @throws {OpenCodeError} of the class that fits when the turn failed; `prompt` loses its trace then, `run` does not
   * @throws {RunRequestError} when the request makes no sense; nothing was started then
   * @throws {OpenCodeNotFoundError} when there is no opencode
   */
  async prompt(message: string, options: OpenCodeOptions = {}, hooks: DriveHooks = {}): Promise<TurnResult> {
    const result = await this.run(message, options, hooks);
    if (result.error) throw errorFromFacts(result.error);
    return result;
  }

  /**
   * The same, but a failed turn is a result like any other: with its error, and with the trace of what happened.
   *
   * @throws {RunRequestError} when the request makes no sense; nothing was started then
   * @throws {OpenCodeNotFoundError} when there is no opencode
   */
  async run(message: string, options: OpenCodeOptions = {}, hooks: DriveHooks = {}): Promise<TurnResult> {
    const { timeoutMs, store, ...request } = { ...this.#options, ...options };
    const driven = await drive(
      { ...request, message, ...(timeoutMs === undefined ? {} : { deadlineMs: timeoutMs }) },
      hooks,
    );
    const run = runEvidenceOf(driven);
    const notes = [...driven.notes];
    const paths = store === undefined ? storePaths(request.environment) : store;
    let kept = false;
    if (paths && driven.sessionId !== null && driven.raw.size > 0) {
      const sighting = { rootId: driven.sessionId, raw: driven.raw, logText: driven.logText, run };
      try {
        await keepSession(paths, sighting);
        kept = true;
      } catch (error) {
        notes.push(`The session could not be kept below ${paths.sessions}: ${messageOf(error)}`);
      }
    }
    const earlier =
      paths && driven.sessionId !== null ? await keptEvidence(paths, driven.sessionId) : undefined;
    const traces = driven.tree
      ? traceSession(driven.tree, {
          log: readLogEvidence(earlier?.logText || driven.logText),
          runs: [...(earlier?.runs ?? []), run],
        }).filter(({ loop }) => loop.start >= run.startedAt && loop.start <= run.endedAt)
      : [];
    const last = traces.at(-1);
    return {
      text: textOf(last),
      output: last?.loop.output ?? null,
      error: last ? last.loop.error : withoutTurn(driven),
      sessionId: driven.sessionId,
      traces,
      totals: traces.map(({ loop }) => loop.totalsWithSubagents).reduce(addTotals, totalsOf([])),
      session: driven.tree,
      kept,
      opencode: driven.opencode,
      exit: driven.exit,
      notes,
    };
  }
}

function textOf(trace: LoopTrace | undefined): string | null {
  return (
    trace?.loop.steps.findLast(({ kind, call }) => kind !== "compaction" && call?.output.text)?.call?.output
      .text ?? null
  );
}

/** Earlier logs and runs of a session that is continued. */
async function keptEvidence(
  paths: StorePaths,
  sessionId: string,
): Promise<{ readonly logText: string; readonly runs: readonly RunEvidence[] } | undefined> {
  return keptSession(paths, sessionId).catch(() => undefined);
}

function runEvidenceOf(driven: DriveResult): RunEvidence {
  return {
    streamErrors: driven.streamErrors.map(({ error, at }) => ({
      error: { name: error.name, data: error.data },
      at,
    })),
    exit: driven.exit,
    startedAt: driven.startedAt,
    endedAt: driven.endedAt,
    stderr: driven.stderrTail,
  };
}

/** opencode broke off before there was a turn: only the run's stream and the way it ended tell why. */
function withoutTurn(driven: DriveResult): ErrorFacts | null {
  const { exit, endedAt, startedAt, streamErrors, sessionId, stderrTail } = driven;
  const afterMs = endedAt - startedAt;
  return classify({
    sessionId: sessionId ?? undefined,
    exportErrors: [],
    streamErrors: streamErrors.map(({ error, at }) => ({ error, at, recovered: false })),
    lastAssistant: null,
    process:
      exit.kind === "exited"
        ? { exitCode: exit.code, by: exit.asked ?? "other", afterMs }
        : { signal: exit.signal, by: exit.by, afterMs },
    stderr: stderrTail,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
