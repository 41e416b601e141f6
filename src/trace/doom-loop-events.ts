import { headOf, oneLine } from "../text/bounded-text.js";
import { answerWatch, DOOM_LOOP_THRESHOLD, repetitionWatch } from "./doom-loop.js";
import type { Step, StepEvent, Tool } from "./model.js";
import { spanIdOf } from "./span-id.js";

type Attributes = StepEvent["attributes"];

interface Found {
  readonly step: Step;
  /** What the event's id is made of: the part or the message with which the repetition became a doom loop. */
  readonly id: string;
  readonly at: number;
  /** Only made for what becomes an event: arguments may be long, and deep. */
  attributes: () => Attributes;
}

/** The longest text of an answer that an event shows. */
const MOST_TEXT = 2_000;

/**
 * The steps with an event where the model began to turn in circles: at the end of the third equal call of a tool in a
 * row, the third equal answer without a tool, or the third request that was too large although the conversation had
 * been summed up, saying how many there were in the end and what the last one failed with.
 */
export function withDoomLoops(steps: readonly Step[], sessionId: string): readonly Step[] {
  const found = [...repeatedTools(steps), ...repeatedAnswers(steps), ...overflows(steps)];
  if (found.length === 0) return steps;
  const byStep = new Map<Step, Found[]>();
  for (const one of found) {
    const own = byStep.get(one.step);
    if (own) own.push(one);
    else byStep.set(one.step, [one]);
  }
  return steps.map((step) => {
    const own = byStep.get(step);
    return own === undefined
      ? step
      : { ...step, events: [...step.events, ...own.map((one) => eventOf(one, sessionId))] };
  });
}

function eventOf({ id, at, attributes }: Found, sessionId: string): StepEvent {
  return { spanId: spanIdOf("event", sessionId, id), name: "doom-loop", at, attributes: attributes() };
}

/**
 * A call that never ended says nothing about the next one; and what the provider runs again and again, the provider
 * decides.
 */
function isComparable({ outcome, origin }: Tool): boolean {
  return outcome !== "unfinished" && origin !== "provider";
}

/**
 * Takes what is the next of a run of equals: an event begins with the third of them, and those after it make it longer.
 */
function collector(): {
  readonly found: readonly Found[];
  readonly take: (count: number, one: Found) => void;
} {
  const found: Found[] = [];
  return {
    found,
    take: (count, one) => {
      const last = found.at(-1);
      if (count === DOOM_LOOP_THRESHOLD) found.push(one);
      else if (count > DOOM_LOOP_THRESHOLD && last) last.attributes = one.attributes;
    },
  };
}

function repeatedTools(steps: readonly Step[]): readonly Found[] {
  const next = repetitionWatch();
  const { found, take } = collector();
  for (const step of steps) {
    for (const tool of step.tools) {
      if (!isComparable(tool)) continue;
      const { name, input, output: result, failure, partId: id, end: at } = tool;
      const { count, lastError } = next({ tool: name, input, result, failed: failure !== null });
      if (count < DOOM_LOOP_THRESHOLD) continue;
      const attributes = (): Attributes => ({
        tool: name,
        count,
        arguments: JSON.stringify(input) ?? "",
        ...(lastError === null ? {} : { lastError: oneLine(lastError) }),
      });
      take(count, { step, id, at, attributes });
    }
  }
  return found;
}

function repeatedAnswers(steps: readonly Step[]): readonly Found[] {
  // Most loops have none, and then no tool between them matters.
  if (steps.filter(isInVain).length < DOOM_LOOP_THRESHOLD) return [];
  const next = repetitionWatch();
  const watch = answerWatch();
  // Empty answers may have others between them, so that both may go on at once.
  const [said, empty] = [collector(), collector()];
  for (const [index, step] of steps.entries()) {
    for (const tool of step.tools.filter(isComparable)) {
      const { name, input, output: result, failure } = tool;
      if (next({ tool: name, input, result, failed: failure !== null }).count === 1) watch.progress();
    }
    const { call } = step;
    if (!call || !isInVain(step, index, steps)) continue;
    const { text, finish } = { text: call.output.text ?? "", finish: call.finish ?? "" };
    const { count } = watch.answer({ text, finish });
    const attributes = (): Attributes => ({ answer: oneLine(headOf(text, MOST_TEXT)), finish, count });
    const one = { step, id: `${step.messageId}/doom-loop`, at: call.end, attributes };
    (text.trim() === "" ? empty : said).take(count, one);
  }
  return [...said.found, ...empty.found];
}

/** What ends a loop. */
const ENDS = new Set(["stop", "length", "content-filter", "error"]);

/** Whether it answered without a tool, and the loop goes on all the same. */
function isInVain({ kind, call, tools }: Step, index: number, steps: readonly Step[]): boolean {
  // opencode's own summaries are no answers, and what failed is none either.
  if (kind !== "answer" || !call || tools.length > 0) return false;
  const { outcome, finish, output } = call;
  if (outcome !== "completed" || finish === null || output.toolCalls.length > 0) return false;
  const next = steps[index + 1];
  return !ENDS.has(finish) || (next !== undefined && isAskedAgain(next));
}

/**
 * Whether a step follows an answer that ends a loop without anything new that it would answer: opencode makes room and
 * goes on, or takes the prompt for unanswered, as it does with one whose id a client made by a clock that is ahead.
 */
function isAskedAgain({ kind, call }: Step): boolean {
  return kind === "compaction" || (kind === "answer" && call !== null && call.input.length === 0);
}

function overflows(steps: readonly Step[]): readonly Found[] {
  const { found, take } = collector();
  let count = 0;
  for (const step of steps) {
    const { call } = step;
    if (step.kind !== "answer" || !call) continue;
    const { error } = call;
    if (error?.code !== "max_output_tokens" || error.reason !== "context_overflow") {
      if (call.outcome === "completed") count = 0;
      continue;
    }
    count += 1;
    const total = count;
    const attributes = (): Attributes => ({ count: total, lastError: oneLine(error.message) });
    take(count, { step, id: `${step.messageId}/doom-loop`, at: call.end, attributes });
  }
  return found;
}
