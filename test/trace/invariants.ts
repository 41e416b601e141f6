import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { SessionTreeV1 as SessionTree } from "../../src/opencode/schema/exported-session.js";
import { isAssistant } from "../../src/opencode/v1/message-kinds.js";
import { turnsOf } from "../../src/opencode/v1/turns.js";
import type { Call, Loop, LoopTrace, Span, TimeAccount, Usage } from "../../src/trace/model.js";
import { addUsage, NO_USAGE, recordedUsage, sureUsageOf, totalTokens } from "../../src/trace/usage.js";
import { isPlainJson } from "../support/plain-json.js";
import { callsIn, eventsIn, loopsIn, retriesIn, spansIn, stepsIn, toolsIn } from "./walk-trace.js";

// One `expect` costs as much as a hundred comparisons, and the traces of a fuzzed session need millions of them. So
// vitest is asked only where a comparison fails, for its words.

function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toStrictEqual(expected);
}

/** @param expected fields that it has among others */
function expectFields(actual: object, expected: Readonly<Record<string, unknown>>): void {
  const found = new Map(Object.entries(actual));
  const has = Object.entries(expected).every(([name, value]) => isDeepStrictEqual(found.get(name), value));
  if (!has) expect(actual).toMatchObject(expected);
}

function expectAtLeast(actual: number, least: number): void {
  if (!(Number.isFinite(actual) && actual >= least)) expect(actual).toBeGreaterThanOrEqual(least);
}

function expectAtMost(actual: number, most: number): void {
  if (!(Number.isFinite(actual) && actual <= most)) expect(actual).toBeLessThanOrEqual(most);
}

/** Opencode's own phases overlap nothing that is told, and add up to what nothing else took. */
function expectPhases(loop: Loop): void {
  const phases = [...loop.phases, ...loop.steps.flatMap((step) => step.phases)].sort((a, b) => a.start - b.start);
  const spans = [...phases, ...loop.around];
  expectSame(new Set(spans.map(({ spanId }) => spanId)).size, spans.length);
  for (const { start, end } of spans) expectAtLeast(end - start, 1);
  expectSame(
    phases.filter(({ start }, index) => start < (phases[index - 1]?.end ?? loop.start)),
    [],
  );
  expectAtMost(phases.at(-1)?.end ?? loop.end, loop.end);
  for (const step of loop.steps) {
    for (const phase of step.phases) expectInside(phase, step);
    const others = [step.call, ...step.retries, ...step.tools.filter(({ origin }) => origin !== "provider")];
    const busy = others.flatMap((one) => (one && one.end > one.start ? [one] : []));
    const isClear = step.phases.every((own) => busy.every(({ start, end }) => end <= own.start || start >= own.end));
    expectSame(isClear, true);
    const own = step.phases.reduce((sum, { start, end }) => sum + end - start, 0);
    expectAtMost(own, step.account.other);
  }
  const { other, ...named } = loop.ownTime;
  expectAtLeast(other, 0);
  expectSame(
    Object.values(named).reduce((sum, ms) => sum + ms, other),
    loop.account.other,
  );
  const lengths = phases.reduce((sum, { start, end }) => sum + end - start, 0);
  expectSame(lengths, loop.account.other - other);
  for (const { start, end } of loop.around) expectSame(end <= loop.start || start >= loop.end, true);
}

/** What holds of every trace, whatever the session was like. */
export function expectSound(trace: LoopTrace): void {
  // Written and read again it is the same; to look is a tenth of the work.
  if (!isPlainJson(trace)) expect(JSON.parse(JSON.stringify(trace))).toStrictEqual(trace);
  if (!/^[0-9a-f]{32}$/.test(trace.traceId)) expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/);
  const ids = [...spansIn(trace.loop), ...eventsIn(trace.loop)].map(({ spanId }) => spanId);
  expectSame(
    ids.filter((id) => !/^[0-9a-f]{16}$/.test(id)),
    [],
  );
  expectSame(new Set(ids).size, ids.length);
  for (const span of spansIn(trace.loop)) expectAtLeast(span.end, span.start);
  for (const loop of loopsIn(trace.loop)) expectSoundLoop(loop);
}

function expectSoundLoop(loop: Loop): void {
  const { steps } = loop;
  expectSame(
    steps.map(({ index }) => index),
    steps.map((_, index) => index),
  );
  const calls = steps.flatMap(({ call }) => call ?? []);
  expectSame(
    calls.map(({ index }) => index),
    calls.map((_, index) => index),
  );
  expectAccount(loop.account, loop);
  expectPhases(loop);
  for (const step of steps) {
    expectInside(step, loop);
    expectAccount(step.account, step);
    for (const span of [...(step.call ? [step.call] : []), ...step.retries, ...step.tools]) {
      expectInside(span, step);
    }
    for (const { at } of step.events) expectInside({ start: at, end: at }, step);
    for (const tool of step.tools) {
      expectAtLeast(tool.permissionWaitMs ?? 0, 0);
      expectAtMost(tool.permissionWaitMs ?? 0, tool.end - tool.start);
      expectSubagents(tool.loops, tool);
      if (tool.loops.length > 0) expectSame(tool.subagentMissing, false);
    }
    expectSubagents(step.loops, step);
  }
  expectSubagents(loop.loops, loop);
  const { totals, totalsWithSubagents } = loop;
  const [allCalls, allTools] = [callsIn(loop), toolsIn(loop)];
  expectFields(totals, {
    steps: steps.length,
    calls: calls.length,
    retries: steps.flatMap(({ retries }) => retries).length,
    tools: steps.flatMap(({ tools }) => tools).length,
    usage: calls.reduce((sum, call) => addUsage(sum, recordedUsage(call)), NO_USAGE),
    doubtfulCalls: calls.filter(({ usageDoubt }) => usageDoubt !== null).length,
    cost: costOf(calls),
  });
  expectFields(totalsWithSubagents, {
    steps: stepsIn(loop).length,
    calls: allCalls.length,
    retries: retriesIn(loop).length,
    tools: allTools.length,
    toolFailures: allTools.filter(({ failure }) => failure !== null).length,
    usage: allCalls.reduce((sum, call) => addUsage(sum, recordedUsage(call)), NO_USAGE),
    doubtfulCalls: allCalls.filter(({ usageDoubt }) => usageDoubt !== null).length,
  });
  expectSame(
    totalsWithSubagents.missingSubagents > 0,
    allTools.some(({ subagentMissing }) => subagentMissing),
  );
  // Added up in another order.
  const cost = costOf(allCalls) ?? 0;
  expectAtMost(Math.abs((totalsWithSubagents.cost ?? 0) - cost), 1e-10 * Math.max(1, cost));
  let used = NO_USAGE;
  let spent: number | null = null;
  for (const call of calls) {
    used = addUsage(used, recordedUsage(call));
    spent = withCost(spent, call);
    expectSame(call.cumulative.usage, used);
    expectSame(call.cumulative.cost, spent);
  }
  for (const [index, call] of calls.entries()) {
    const sum = call.contextCauses.reduce((total, { tokens }) => total + tokens, 0);
    const growth = call.cumulative.contextGrowth;
    // Adds up exactly to the growth; where there is none to tell, to the context itself.
    if (sureUsageOf("prompt", call)) expectSame([index, sum], [index, growth ?? call.cumulative.contextTokens]);
    else expectSame([call.contextCauses, growth], [[], null]);
    const { usage, usageDoubt: doubt } = call;
    if (usage) expectSame(totalTokens(usage) > 0, true);
    if (usage && !doubt) expectSame(promptOf(usage) > 0, true);
    if (doubt) expectSame(doubt.kind === "contradiction", usage !== null);
  }
  // Nothing is concluded from what is not sure.
  for (const { call, events } of steps) {
    const broke = events.some(({ name }) => name === "cache-break");
    if (broke) expect(call && sureUsageOf("prompt", call)).not.toBeNull();
  }
  expectAtMost(loop.account.firstToken, loop.account.model);
  expectSame(loop.failedStep === null || steps[loop.failedStep] !== undefined, true);
  if (loop.error === null) expect(loop.failedStep).toBeNull();
}

/** Where a subagent's time reaches outside of what it stands in, that is said. */
function expectSubagents(loops: readonly Loop[], place: Pick<Span, "start" | "end">): void {
  for (const below of loops) {
    const inside = below.start >= place.start && below.end <= place.end;
    expectSame(
      below.notes.some((note) => note.startsWith("The subagent ")),
      !inside,
    );
  }
}

function promptOf({ input, cacheRead, cacheWrite }: Usage): number {
  return input + cacheRead + cacheWrite;
}

/** Added up in the calls' order, so that not even the last digit differs. */
function costOf(calls: readonly Call[]): number | null {
  return calls.reduce(withCost, null);
}

function withCost(sum: number | null, { cost }: Call): number | null {
  return cost === null ? sum : (sum ?? 0) + cost;
}

function expectInside(span: Pick<Span, "start" | "end">, parent: Pick<Span, "start" | "end">): void {
  expectAtLeast(span.start, parent.start);
  expectAtMost(span.end, parent.end);
}

function expectAccount(account: TimeAccount, { start, end }: Pick<Span, "start" | "end">): void {
  const { duration, model, tools, waiting, retries, other, toolsSummed } = account;
  expectSame(duration, end - start);
  expectSame(model + tools + waiting + retries + other, duration);
  for (const share of [model, tools, waiting, retries, other, toolsSummed]) expectAtLeast(share, 0);
  expectAtLeast(toolsSummed, tools);
}

/** Nothing that the export holds is missing from the traces, and nothing stands there twice. */
export function expectNothingLost(traces: readonly LoopTrace[], tree: SessionTree): void {
  const loops = traces.map(({ loop }) => loop);
  const messages = messagesIn(tree);
  const parts = messages.flatMap((message) => message.parts);
  expectSame(
    loops
      .flatMap(toolsIn)
      .map(({ partId }) => partId)
      .sort(),
    parts.flatMap((part) => (part.type === "tool" ? [part.id] : [])).sort(),
  );
  const steps = loops.flatMap(stepsIn);
  expectSame(steps.map(({ messageId }) => messageId).sort(), messages.map(({ info }) => info.id).sort());
  const said = new Map<string, string[]>();
  for (const step of steps) {
    const outputs = [...step.retries.map(({ output }) => output), ...(step.call ? [step.call.output] : [])];
    said.set(
      step.messageId,
      outputs.flatMap(({ text, thinking }) => [text ?? "", thinking ?? ""]),
    );
  }
  for (const { info, parts: own } of messages) {
    const texts = own.flatMap((part) => (part.type === "text" || part.type === "reasoning" ? [part.text] : []));
    for (const one of texts.filter((text) => text !== ""))
      expectSame(
        said.get(info.id)?.some((output) => output.includes(one)),
        true,
      );
    // Blocks of one attempt are joined by an empty line; more than that would be something told twice.
    const length = (all: readonly string[]): number => all.join("").replaceAll("\n", "").length;
    expectSame(length(said.get(info.id) ?? []), length(texts));
    const patches = own.flatMap((part) => (part.type === "patch" ? [part.hash] : []));
    const step = steps.find(({ messageId }) => messageId === info.id);
    expectSame(
      step?.patches.map(({ hash }) => hash),
      patches,
    );
  }
  expectPrompts(loops, tree);
  expectMessages(tree);
}

/**
 * Each part of a prompt is in the input of its loop; runs can tell prompts apart that look as if one loop had answered
 * them.
 */
function expectPrompts(loops: readonly Loop[], tree: SessionTree): void {
  const inputs = new Map(loops.flatMap(loopsIn).map((loop) => [loop.userMessageId, loop.input]));
  for (const { session } of treesIn(tree)) {
    for (const { id, prompts } of turnsOf(session)) {
      expectSame(inputs.has(id), true);
      const ids = new Set([id, ...prompts.map(({ info }) => info.id)]);
      const lengths = [...ids]
        .flatMap((one) => inputs.get(one) ?? [])
        .map(({ content }) => (typeof content === "string" ? 1 : content.length));
      const shown = prompts.map(
        ({ parts }) =>
          parts.filter(
            (part) =>
              ["text", "file", "compaction", "subtask"].includes(part.type) && !(part.type === "text" && part.ignored),
          ).length,
      );
      expectSame(lengths, shown);
    }
  }
}

/** Each message is in a turn, but for notices; none is in two, but for what a command told the turn after it. */
function expectMessages(tree: SessionTree): void {
  for (const { session } of treesIn(tree)) {
    const turns = turnsOf(session);
    const commands = new Set(
      turns.flatMap(({ origin, rest }) => (origin === "command" ? rest.map(({ info }) => info.id) : [])),
    );
    const placed = turns.flatMap(({ id, prompts, rest, context }) => [
      ...prompts.flatMap(({ info }) => (info.id === id ? [id] : [])),
      ...rest.map(({ info }) => info.id),
      ...context.flatMap(({ info }) => (commands.has(info.id) ? [] : info.id)),
    ]);
    const all = session.messages.filter(
      ({ info, parts }) =>
        info.role === "assistant" || parts.length === 0 || !parts.every((part) => part.type === "text" && part.ignored),
    );
    expectSame(placed.sort(), all.map(({ info }) => info.id).sort());
  }
}

function treesIn(tree: SessionTree): readonly SessionTree[] {
  return [tree, ...tree.children.flatMap(treesIn)];
}

/** The assistant messages of a session and those below it. */
function messagesIn(tree: SessionTree): ReturnType<typeof ofTurns> {
  return [...ofTurns(tree), ...tree.children.flatMap(messagesIn)];
}

function ofTurns({ session }: SessionTree) {
  return session.messages.filter(isAssistant);
}
