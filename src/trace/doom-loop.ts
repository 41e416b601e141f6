import { signatureOf, surelyDiffer } from "./signature.js";

/** A tool call and what came of it, as far as repetitions are concerned. */
export interface ToolOutcome {
  readonly tool: string;
  readonly input: unknown;
  /** What the model was told. */
  readonly result: string | null;
  readonly failed: boolean;
}

/** The same call again and again, to no effect. */
export interface Repetition {
  readonly tool: string;
  readonly arguments: unknown;
  /** How many times in a row. */
  readonly count: number;
  /** What the last of them failed with; null where they succeed, always with the same result. */
  readonly lastError: string | null;
}

/** How many equal calls in a row make a doom loop by default. */
export const DOOM_LOOP_THRESHOLD = 3;

/**
 * Watches calls one after the other for repetitions: the same tool with the same arguments (whatever the order of their
 * keys), failing each time or giving the same result each time. Any other call, and the same call with another result,
 * begins anew. opencode itself notices only identical calls within one message.
 *
 * @returns a function that takes the next call and tells the run of equal calls that it is part of
 */
export function repetitionWatch(): (call: ToolOutcome) => Repetition {
  let last: ToolOutcome | undefined;
  /** Of the last call, as far as it was asked for: it is worked out once. */
  let signed: Signature | undefined;
  let count = 0;
  return (call) => {
    // Arguments last: most calls differ before that, and results are long.
    if (last && mayRepeat(last, call)) {
      const before = signed ?? { value: signatureOf(last.input) };
      signed = { value: signatureOf(call.input) };
      count = signed.value !== undefined && signed.value === before.value ? count + 1 : 1;
    } else {
      signed = undefined;
      count = 1;
    }
    last = call;
    return {
      tool: call.tool,
      arguments: call.input,
      count,
      lastError: call.failed ? (call.result ?? "") : null,
    };
  };
}

/** What arguments look like; undefined where they are nested too deeply. */
interface Signature {
  readonly value: string | undefined;
}

/** Whether a call is the same as the one before it, as far as that shows without their arguments' signatures. */
function mayRepeat(before: ToolOutcome, call: ToolOutcome): boolean {
  if (before.tool !== call.tool || before.failed !== call.failed) return false;
  if (!call.failed && before.result !== call.result) return false;
  return !surelyDiffer(before.input, call.input);
}

/** An answer without a tool, after which opencode asked the model again. */
export interface ToollessAnswer {
  /** Empty where the model said nothing. */
  readonly text: string;
  readonly finish: string;
}

/** The same answer without a tool again and again. */
export interface RepeatedAnswer {
  readonly answer: ToollessAnswer;
  /** How many times, with nothing new between them. */
  readonly count: number;
}

/** What a loop does that is told to {@link answerWatch}. */
export interface AnswerWatch {
  /** @returns the run of equal answers that it is part of */
  readonly answer: (answer: ToollessAnswer) => RepeatedAnswer;
  /** A tool was called as it had not been right before: the loop got on. */
  readonly progress: () => void;
}

/**
 * Watches the answers of one loop that call no tool. An answer without a tool usually ends the loop; where opencode
 * asks again all the same (finish `unknown`, `tool-calls` without any, a compaction after each), the same answer is one
 * in vain.
 *
 * Answers count together whatever their finish, empty ones also with an answer between them that was given before.
 * Another text begins anew, and so does a tool that was not called so right before.
 */
export function answerWatch(): AnswerWatch {
  let said: string | undefined;
  let times = 0;
  let empty = 0;
  const progress = (): void => {
    said = undefined;
    times = 0;
    empty = 0;
  };
  return {
    progress,
    answer: (answer) => {
      if (answer.text.trim() === "") {
        empty += 1;
        return { answer, count: empty };
      }
      const text = answer.text.trim();
      if (text !== said) progress();
      said = text;
      times += 1;
      return { answer, count: times };
    },
  };
}
