import type { RunLimit } from "../errors/error-facts.js";
import { classifyTool } from "../errors/tool-failure.js";
import { isProviderExecuted, type Progress, type RunEvent, toolFacts, toolResultText } from "../opencode/drive.js";
import type { Halt } from "../opencode/evidence.js";
import { costBy, type UserPrice } from "../opencode/model.js";
import { answerWatch, DOOM_LOOP_THRESHOLD, repetitionWatch, type ToollessAnswer } from "../trace/doom-loop.js";
import type { AgentSettings } from "./agent-settings.js";

/** What a run may come to before it is stopped. */
export type RunLimits = Pick<AgentSettings, "maxSteps" | "maxTokens" | "maxCost" | "maxAttempts" | "haltOnDoomLoop">;

/** The same with what the model's tokens cost by the user's word. */
export interface PricedLimits extends RunLimits {
  readonly price?: UserPrice | undefined;
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
export function runWatch(limits: PricedLimits, halt: (reason: Halt) => void): RunWatch {
  const wanted = limits.haltOnDoomLoop;
  const threshold = wanted === true ? DOOM_LOOP_THRESHOLD : wanted || Number.POSITIVE_INFINITY;
  const next = repetitionWatch();
  const idle = idleWatch();
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
      const circle = idle.take(event, threshold);
      if (circle) end(circle);
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
      if (count === 1) idle.progress();
      if (count < threshold) return;
      end({ by: "doom-loop", tool, arguments: input, count, ...(lastError === null ? {} : { lastError }) });
    },
  };
}

/** Watches for a run that turns in circles without a tool. */
interface IdleWatch {
  /**
   * @returns why the run is to be ended, when it goes on after as many equal answers, or requests that were
   *   too large
   */
  readonly take: (event: RunEvent, threshold: number) => Halt | undefined;
  readonly progress: () => void;
}

function idleWatch(): IdleWatch {
  const watch = answerWatch();
  let texts: string[] = [];
  let tools = 0;
  /** The last step's answer, until it is known whether the run goes on after it. */
  let pending: ToollessAnswer | undefined;
  let tooLarge: { readonly count: number; readonly lastError: string } | undefined;
  /** Steps that ended since the last request that was too large: the first one is opencode's summary. */
  let answered = 0;
  return {
    progress: watch.progress,
    take: (event, threshold) => {
      switch (event.type) {
        case "step_start": {
          const repeated = pending && watch.answer(pending);
          pending = undefined;
          texts = [];
          tools = 0;
          if (tooLarge && tooLarge.count >= threshold) return { by: "doom-loop", tool: null, ...tooLarge };
          return repeated && repeated.count >= threshold ? { by: "doom-loop", tool: null, ...repeated } : undefined;
        }
        case "text":
          // What opencode itself puts behind an answer tells that this was a summary of its own.
          if (event.part.synthetic === true) pending = undefined;
          else if (event.part.text !== "") texts.push(event.part.text);
          return undefined;
        case "tool_use":
          tools += 1;
          tooLarge = undefined;
          return undefined;
        case "step_finish":
          pending = tools === 0 ? { text: texts.join("\n\n"), finish: event.part.reason ?? "" } : undefined;
          answered += 1;
          if (answered > 1) tooLarge = undefined;
          return undefined;
        case "error":
          if (event.error.name !== OVERFLOW) return undefined;
          pending = undefined;
          answered = 0;
          tooLarge = { count: (tooLarge?.count ?? 0) + 1, lastError: messageOf(event.error.data) };
          return undefined;
        default:
          return undefined;
      }
    },
  };
}

const OVERFLOW = "ContextOverflowError";

function messageOf(data: unknown): string {
  const isTold = typeof data === "object" && data !== null && "message" in data && typeof data.message === "string";
  return isTold ? String(data.message) : "the request was too large for the model's context";
}

function limitReached(progress: Progress, limits: PricedLimits): RunLimit | undefined {
  const { tokens, step } = progress;
  const { price } = limits;
  const cost = price && (price.override || progress.cost === 0) ? costBy(price, tokens) : progress.cost;
  const total = tokens.input + tokens.output + tokens.reasoning + tokens.cacheRead + tokens.cacheWrite;
  // Steps whose requests all fail leave no event. opencode counts its iterations from 0, and one more begins,
  // and ends at
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
