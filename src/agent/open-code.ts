import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { ErrorFacts } from "../errors/error-facts.js";
import { errorFromFacts } from "../errors/opencode-errors.js";
import { RunRequestError } from "../errors/run-request-error.js";
import { messageOf } from "../errors/thrown.js";
import { type Clock, systemClock } from "../files/clock.js";
import type { StorePaths } from "../files/store-paths.js";
import type { LiveDelivery } from "../follow/live-run.js";
import type { GitFacts } from "../git/git-facts.js";
import type { Masking } from "../masking/mask.js";
import { DEFAULT_DEADLINE_MS, type DriveHooks, isModelName, type Progress, type RunEvent } from "../opencode/drive.js";
import type { UserPrices } from "../opencode/model.js";
import type { ServerPool } from "../opencode/server.js";
import type { LoopTrace, Totals } from "../trace/model.js";
import { traceIdOf } from "../trace/span-id.js";
import { addTotals, totalsOf } from "../trace/totals.js";
import { totalTokens } from "../trace/usage.js";
import type { AgentSettings } from "./agent-settings.js";
import { prepareSchema } from "./output-schema.js";
import type { Practice } from "./rehearse.js";
import { decideRetry, type RetryDecision } from "./retry-decision.js";
import { runAttempt } from "./run-attempt.js";
import type { RunLimits } from "./run-watch.js";
import { SETTINGS } from "./setting-surfaces.js";
import type { AttemptResult, TurnResult } from "./turn-result.js";

/** How opencode works on prompts: what holds for all of them, each prompt can say otherwise. */
export interface OpenCodeOptions extends AgentSettings {
  /** A command of opencode's, such as `init`; the message becomes its arguments. */
  readonly command?: string | undefined;
  /** Handed to `opencode run` as they are, after all others; needs the driver `cli`. */
  readonly extraArguments?: readonly string[] | undefined;
  /**
   * Whether a model that opencode does not list is refused before it is prompted, with a {@link RunRequestError}, and so
   * an agent of opencode 1.x; else the turn fails, or another agent answers, as a note says. It is known where opencode is driven over a server, and not asked where there are fallback models.
   */
  readonly refuseUnknownModel?: boolean | undefined;
  /** How long opencode has to end by itself before it is killed, ms; default 5 s. */
  readonly graceMs?: number | undefined;
  /** Warm servers to use, which live on after the run; by default a run starts one of its own and stops it again. */
  readonly servers?: ServerPool | undefined;
  /** What opencode's environment is made from; default this process' own. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Sends what is closed of a turn while it runs, to where its whole trace is sent later; needs the driver `server`.
   */
  readonly live?: LiveDelivery | undefined;
  /** Where the session is stored; default the user's data folder, `null` stores nothing. */
  readonly store?: StorePaths | null | undefined;
  /**
   * What is masked in the traces and in what is stored; by default tokens of well-known shapes and the values
   * of those environment variables that are called like secrets.
   */
  readonly masking?: Masking | undefined;
  /**
   * Whether the texts are in what is recorded of requests to models; with false only sizes, hashes and times are.
   * Default true.
   */
  readonly wireContent?: boolean | undefined;
  /** What models cost by the user's own word, where opencode knows no price; `maxCost` counts by it too. */
  readonly prices?: UserPrices | undefined;
  /** Kept with the session, so that `looptrace stats` can add up by them; what is sent has the exporter's tags. */
  readonly tags?: readonly string[] | undefined;
  /** What the directory stands on, where that is known already; null where that is nothing. @internal */
  readonly git?: GitFacts | null | undefined;
  /** Time and chance, for tests. @internal */
  readonly clock?: Clock | undefined;
}

/** What one prompt says otherwise than the agent, and what its caller is told meanwhile; hooks must not throw. */
export interface PromptOptions extends OpenCodeOptions {
  /** Ends the run; what there is of the session is read and traced all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Called with where the run stands, many times a second while the model answers. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Called with each event of opencode's, as `opencode run --format json` prints them. */
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  /** Called when an attempt failed and another one follows. */
  readonly onRetry?: ((retry: RetryEvent) => void) | undefined;
  /**
   * Called with the result before `run` returns it, and before `prompt` throws the error in it: here its traces are.
   */
  readonly onResult?: ((result: TurnResult) => void) | undefined;
  /** See `DriveHooks`. @internal */
  readonly onServed?: DriveHooks["onServed"];
  /** See `DriveHooks`. @internal */
  readonly onSession?: DriveHooks["onSession"];
  /** What the caller will do with traces, gone through with one of nobody's while the model is waited for. @internal */
  readonly practise?: Practice | undefined;
}

type PromptHooks = DriveHooks & Pick<PromptOptions, "onRetry" | "practise">;

/** Why and how it goes on after a failed attempt. */
export interface RetryEvent {
  /** Why the attempt failed. */
  readonly error: ErrorFacts;
  /** What follows: the same again after a wait, or another model. */
  readonly decision: Exclude<RetryDecision, { readonly kind: "stop" }>;
  /** The attempt that failed, from 0. */
  readonly attempt: number;
  /** How many attempts there can be at most, this one and those before it included. */
  readonly mostAttempts: number;
}

/**
 * opencode as an agent that can be prompted.
 *
 * @example
 * ```ts
 * import { OpenCode } from "looptrace";
 *
 * const agent = new OpenCode({ model: "anthropic/claude-sonnet-4-6", timeoutMs: 600_000, retries: 3 });
 * const { text, totals, traces } = await agent.prompt("Fix the failing test");
 * console.log(text, totals.cost, traces.length);
 * ```
 */
export class OpenCode {
  readonly #options: OpenCodeOptions;

  constructor(options: OpenCodeOptions = {}) {
    this.#options = options;
  }

  /**
   * Works on one prompt until it is answered or there is nothing more to try.
   *
   * @returns the result of a turn that succeeded
   * @throws {OpenCodeError} of the class that fits when the turn failed; `onResult` has its traces
   * @throws {RunRequestError} when the request makes no sense; no model was asked then
   * @throws {OpenCodeNotFoundError} when there is no opencode
   * @throws {OpenCodeCommandError} when the driver `server` is needed, and opencode does not become one
   */
  async prompt(message: string, options: PromptOptions = {}): Promise<TurnResult> {
    const result = await this.run(message, options);
    if (result.error) throw errorFromFacts(result.error);
    return result;
  }

  /**
   * The same for a structured answer.
   *
   * @param schema what the answer has to be like; `output` is the answer as the schema reads it, transformed
   *   and all
   * @throws {InvalidOutputError} when the model gave no such answer
   */
  async promptFor<Output>(
    message: string,
    schema: z.ZodType<Output>,
    options: Omit<PromptOptions, "schema"> = {},
  ): Promise<TurnResult & { readonly output: Output }> {
    const result = await this.prompt(message, { ...options, schema });
    return { ...result, output: schema.parse(result.output) };
  }

  /**
   * The same, but a failed turn is a result like any other: with its error, and with the trace of what
   * happened.
   *
   * A failed attempt is followed by another one as `retries`, `fallbackModels` and the failure's class allow;
   * each is a session of its own (or one more turn of the session that was named) and a trace of its own.
   *
   * Called while a span of OpenTelemetry is active, the traces hang below that span when they are exported.
   *
   * @throws {RunRequestError} when the request makes no sense; no model was asked then
   * @throws {OpenCodeNotFoundError} when there is no opencode
   * @throws {OpenCodeCommandError} when the driver `server` is needed, and opencode does not become one; masked as the
   *   result is. Where `opencode run` does not start that is the result's error, `start_failed`
   * @throws the signal's reason when it was aborted before opencode was started; later, the result is an
   *   `aborted` turn
   */
  async run(message: string, options: PromptOptions = {}): Promise<TurnResult> {
    const { signal, onProgress, onEvent, onServed, onSession, onRetry, onResult, practise, ...settings } = options;
    const hooks = { signal, onProgress, onEvent, onServed, onSession, onRetry, practise };
    const result = await this.#attempts(message, settings, hooks);
    const { activeHostSpan, rememberHostSpan } = await import("../otel/host-span.js");
    rememberHostSpan(result.traces, activeHostSpan());
    onResult?.(result);
    return result;
  }

  async #attempts(message: string, options: OpenCodeOptions, hooks: PromptHooks): Promise<TurnResult> {
    const {
      timeoutMs = DEFAULT_DEADLINE_MS,
      store,
      masking,
      clock = systemClock,
      ...rest
    } = { ...this.#options, ...given(options) };
    const {
      retries,
      patienceMs,
      fallbackModels,
      maxSteps,
      maxTokens,
      maxCost,
      maxAttempts,
      haltOnDoomLoop,
      schema,
      live,
      wire = true,
      wireContent = true,
      fullInput = false,
      propagate = false,
      tags = [],
      git,
      prices,
      ...request
    } = rest;
    const settings = { retries, patienceMs, fallbackModels };
    if (!(timeoutMs > 0)) {
      throw new RunRequestError("timeoutMs", `${timeoutMs} is no duration: it has to be more than 0 ms.`);
    }
    checkLimits(rest);
    const deadline = clock.now() + timeoutMs;
    const runId = randomUUID();
    const done: Attempt[] = [];
    const failures: ErrorFacts[] = [];
    let model = request.model;
    let fallbacks = 0;
    checkModels(fallbackModels ?? []);
    if (live && request.driver === "cli")
      throw new RunRequestError("live", "needs the driver server: `opencode run` cannot be followed so closely.");
    if (live && propagate)
      throw new RunRequestError("propagate", "cannot go with live: what is sent early has other ids.");
    if (propagate && !wire)
      throw new RunRequestError("propagate", "cannot go with wire=false: requests carry it where they are recorded.");
    const output = schema === undefined ? undefined : await prepareSchema(schema);
    for (;;) {
      const spent = totalsIn(done.flatMap(({ result }) => result.traces));
      const next = runAttempt(
        {
          drive: {
            ...request,
            message,
            model,
            schema: output?.json,
            deadlineMs: Math.max(1, deadline - clock.now()),
            wire: wire ? (wireContent ? "full" : "sizes") : "off",
            refuseUnknownModel: request.refuseUnknownModel === true && (fallbackModels ?? []).length === 0,
            traceIdOf: propagate ? traceIdOf : undefined,
          },
          checkOutput: output?.check,
          fullInput,
          live,
          limits: {
            maxSteps: less(maxSteps, spent.steps),
            maxTokens: less(maxTokens, totalTokens(spent.usage)),
            maxCost: less(maxCost, spent.cost ?? 0),
            maxAttempts,
            haltOnDoomLoop,
          },
          store,
          masking,
          runId,
          attempt: done.length,
          // Another attempt begins with what the one before has left.
          git: done.length === 0 ? git : undefined,
          tags,
          prices,
          practise: hooks.practise,
        },
        hooks,
      );
      // What is done already is worth more than that the next attempt could not even be made.
      const result = await next.catch(async (thrown: unknown) => {
        const { maskedProblem } = await import("./masked-problem.js");
        const problem = await maskedProblem(thrown, { ...request, masking });
        if (done.length === 0) throw problem;
        return messageOf(problem);
      });
      if (typeof result === "string") {
        return resultOf(done, runId, [`Attempt ${done.length + 1} could not be made: ${result}`]);
      }
      done.push({ model: model ?? null, result });
      const { error } = result;
      if (!error || hooks.signal?.aborted) return resultOf(done, runId);
      const state = {
        retries: failures.length,
        retriesOfClass: failures.filter(({ code }) => code === error.code).length,
        fallbacks,
        now: clock.now(),
        deadline,
        random: clock.random(),
      };
      const decision = decideRetry(error, state, settings);
      if (decision.kind === "stop" || isSpent(done, { maxSteps, maxTokens, maxCost })) return resultOf(done, runId);
      const mostAttempts = 1 + (retries ?? 0) + (fallbackModels?.length ?? 0);
      hooks.onRetry?.({ error, decision, attempt: done.length - 1, mostAttempts });
      if (hooks.signal?.aborted) return resultOf(done, runId);
      if (decision.kind === "failover") {
        model = decision.model;
        fallbacks += 1;
      } else {
        failures.push(error);
        await clock.sleep(decision.waitMs, hooks.signal);
        if (hooks.signal?.aborted) return resultOf(done, runId);
      }
    }
  }
}

/**
 * What was given, without what was only mentioned: an `undefined` does not undo what the agent was made with.
 */
function given(options: OpenCodeOptions): OpenCodeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** @throws {RunRequestError} naming the limit that no run could keep */
function checkLimits(options: AgentSettings): void {
  for (const [name, { kind, from = 0 }] of SETTINGS) {
    const value = options[name];
    if (typeof value !== "number") continue;
    if (kind === "usd" && !(value > 0))
      throw new RunRequestError(name, `${value} is too low: it has to be more than 0.`);
    if ((kind === "count" || kind === "threshold") && from > 0 && !(value >= from))
      throw new RunRequestError(name, `${value} is too low: it has to be ${from} or more.`);
  }
}

/** What earlier attempts have left of a limit. */
function less(limit: number | undefined, spent: number): number | undefined {
  return limit === undefined ? undefined : limit - spent;
}

/** Whether the attempts so far have used up a limit, so that another one could not do anything. */
function isSpent(done: readonly Attempt[], limits: RunLimits): boolean {
  const { steps, usage, cost } = totalsIn(done.flatMap(({ result }) => result.traces));
  return (
    steps >= (limits.maxSteps ?? Number.POSITIVE_INFINITY) ||
    totalTokens(usage) >= (limits.maxTokens ?? Number.POSITIVE_INFINITY) ||
    (cost ?? 0) >= (limits.maxCost ?? Number.POSITIVE_INFINITY)
  );
}

/** A fallback that cannot be used is better known before the first model has failed. */
function checkModels(models: readonly string[]): void {
  for (const model of models) {
    if (isModelName(model)) continue;
    throw new RunRequestError("fallbackModels", `${JSON.stringify(model)} is not of the form provider/model.`);
  }
}

interface Attempt {
  readonly model: string | null;
  readonly result: AttemptResult;
}

function resultOf(done: readonly Attempt[], runId: string, notes: readonly string[] = []): TurnResult {
  const last = done.at(-1)?.result;
  if (!last) throw new Error("a run has at least one attempt");
  const traces = done.flatMap(({ result }) => result.traces);
  return {
    ...last,
    traces,
    totals: totalsIn(traces),
    notes: [...new Set([...done.flatMap(({ result }) => result.notes), ...notes])],
    runId,
    attempts: done.map(({ model, result }) => ({ model, sessionId: result.sessionId, error: result.error })),
  };
}

function totalsIn(traces: readonly LoopTrace[]): Totals {
  return traces.map(({ loop }) => loop.totalsWithSubagents).reduce(addTotals, totalsOf([]));
}
