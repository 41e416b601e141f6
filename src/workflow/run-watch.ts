import type { RunLimit } from "../errors/error-facts.js";
import { classifyTool } from "../errors/tool-failure.js";
import type { Progress } from "../opencode/progress.js";
import type { RunEvent } from "../opencode/schema/run-event.js";
import { DOOM_LOOP_THRESHOLD, repetitionWatch } from "../trace/doom-loop.js";
import type { Halt } from "../trace/evidence.js";
import { isProviderExecuted } from "../trace/provider-tools.js";
import { toolFacts, toolResultText } from "../trace/tool-facts.js";

/** What a run may come to before it is stopped. */
export interface RunLimits {
  /** Iterations of the loop. */
  readonly maxSteps?: number | undefined;
  /** All tokens of the root session's calls, cached ones included. */
  readonly maxTokens?: number | undefined;
  /** USD, as far as opencode knows prices. */
  readonly maxCost?: number | undefined;
  /**
   * How often opencode may ask the model in vain, one time after another, before it is stopped when it goes on; default 6,
   * which is when 1.18 itself gives up. Earlier versions never do.
   */
  readonly maxAttempts?: number | undefined;
  /** How many equal tool calls in a row, all failing or all with the same result, end the run; `true` means 3. */
  readonly haltOnDoomLoop?: boolean | number | undefined;
}

export const DEFAULT_MAX_ATTEMPTS = 6;

/** Watches a run for what should end it. */
export interface RunWatch {
  readonly onProgress: (progress: Progress) => void;
  readonly onEvent: (event: RunEvent) => void;
}

/**
 * @param halt called once, with the first reason to end the run
 */
export function runWatch(limits: RunLimits, halt: (reason: Halt) => void): RunWatch {
  const wanted = limits.haltOnDoomLoop;
  const threshold = wanted === true ? DOOM_LOOP_THRESHOLD : wanted || Number.POSITIVE_INFINITY;
  const next = repetitionWatch();
  const maxAttempts = limits.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
  let halted = false;
  let started = 0;
  let inVain = 0;
  let lastFailureAt: number | undefined;
  const end = (reason: Halt): void => {
    if (!halted) halt(reason);
    halted = true;
  };
  return {
    onProgress: (progress) => {
      const limit = limitReached(progress, limits);
      if (limit) end({ by: "limit", ...limit });
      const { phase } = progress;
      if (phase.kind === "retrying" && phase.since !== lastFailureAt) {
        lastFailureAt = phase.since;
        inVain += 1;
      }
      // Not at once: a version that gives up by itself has to have the time to write down why.
      const goesOn = inVain > maxAttempts || (inVain === maxAttempts && phase.kind === "waiting-for-model");
      if (goesOn) end({ by: "retries", attempts: inVain });
    },
    onEvent: (event) => {
      if (event.type === "step_start") started += 1;
      else if (event.type !== "error") inVain = 0;
      // A step that asked for tools is followed by another one.
      const coming = event.type === "step_finish" && event.part.reason === "tool-calls" ? 1 : 0;
      if (limits.maxSteps !== undefined && started + coming > limits.maxSteps) {
        end({ by: "limit", of: "steps", allowed: limits.maxSteps, reached: started });
      }
      if (event.type !== "tool_use" || isProviderExecuted(event.part)) return;
      const facts = toolFacts(event.part);
      const {
        tool,
        arguments: input,
        count,
        lastError,
      } = next({
        tool: facts.tool,
        input: facts.input,
        result: toolResultText(event.part),
        failed: classifyTool(facts) !== null,
      });
      if (count < threshold) return;
      end({ by: "doom-loop", tool, arguments: input, count, ...(lastError === null ? {} : { lastError }) });
    },
  };
}

function limitReached(progress: Progress, limits: RunLimits): RunLimit | undefined {
  const { tokens, cost, step } = progress;
  const total = tokens.input + tokens.output + tokens.reasoning + tokens.cacheRead + tokens.cacheWrite;
  // Steps whose requests all fail leave no event. opencode counts its iterations from 0, and one more begins, and ends at
  // once, when a turn is over: only the one after that is too many for certain.
  if (limits.maxSteps !== undefined && step !== null && step > limits.maxSteps) {
    return { of: "steps", allowed: limits.maxSteps, reached: step };
  }
  if (limits.maxTokens !== undefined && total > limits.maxTokens) {
    return { of: "tokens", allowed: limits.maxTokens, reached: total };
  }
  if (limits.maxCost !== undefined && cost > limits.maxCost) {
    return { of: "cost", allowed: limits.maxCost, reached: cost };
  }
  return undefined;
}
