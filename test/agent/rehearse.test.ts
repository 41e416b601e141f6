import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PRACTICE } from "../../src/agent/practice-session.js";
import { rehearsalOf, rehearse } from "../../src/agent/rehearse.js";
import { maskFor } from "../../src/masking/mask.js";
import { readRecording } from "../../src/wire/recording/read-recording.js";

it.each([
  [1, "bash"],
  [2, "shell"],
] as const)(
  "goes all the way to a trace, with what was recorded of its calls: opencode %d",
  async (generation, tool) => {
    const [trace, ...others] = await rehearse({ environment: {} }, new AbortController().signal, generation);
    expect(others).toEqual([]);
    const { steps = [], otherCalls } = trace?.loop ?? {};
    expect(steps.map(({ tools }) => tools.map(({ name }) => name))).toEqual([[tool], []]);
    // Without their bodies, what cuts and reads these would run for the first time when it counts.
    expect(steps.map(({ call }) => call?.wire)).toMatchObject([
      { status: 200, request: { toolsHash: expect.any(String) } },
      { status: 200, request: { toolsHash: expect.any(String) } },
    ]);
    expect(otherCalls).toMatchObject([{ kind: "title" }]);
  },
);

it("gives the caller's own function none of its texts", async () => {
  const given: string[] = [];
  const replace = (text: string): string => {
    given.push(text);
    return text;
  };
  const traces = await rehearse({ environment: {}, replace }, new AbortController().signal, 1);
  expect([traces.length, given]).toEqual([1, []]);
});

it("is recorded whole, and has no secret: most sessions have none, and what masks is much to load", async () => {
  const { exchanges, notes } = readRecording(PRACTICE.wire, "practice");
  expect(notes).toEqual([]);
  expect(exchanges.map(({ body }) => body.text === null)).toEqual([false, false, false]);
  const bodies = exchanges.map(({ body }): unknown => JSON.parse(body.text ?? ""));
  const mask = await maskFor([PRACTICE.exported, bodies], { environment: {} });
  expect(mask.hasFound).toBe(false);
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function counted(generation: 1 | 2 = 1) {
  const signals: AbortSignal[] = [];
  const done = { isRehearsed: false };
  const next = () =>
    rehearsalOf(
      generation,
      async (signal) => {
        signals.push(signal);
      },
      done,
    );
  return { signals, next };
}

it("begins when the model is waited for, and not while opencode makes ready", () => {
  const { signals, next } = counted();
  const { onPhase } = next();
  for (const kind of ["loading", "prompt"] as const) onPhase({ kind, since: 0 });
  vi.runAllTimers();
  expect(signals).toHaveLength(0);
  onPhase({ kind: "waiting-for-model", since: 0 });
  expect(signals).toHaveLength(0);
  vi.runAllTimers();
  expect(signals).toHaveLength(1);
});

it("begins soon after the prompt where nothing tells that the model is waited for: opencode 2", () => {
  const { signals, next } = counted(2);
  const { onPhase } = next();
  onPhase({ kind: "loading", since: 0 });
  vi.runAllTimers();
  expect(signals).toHaveLength(0);
  onPhase({ kind: "prompt", since: 0 });
  vi.runAllTimers();
  expect(signals).toHaveLength(1);
});

it("is done once in a process", () => {
  const { signals, next } = counted();
  for (const { onPhase } of [next(), next()])
    for (let times = 0; times < 2; times += 1) onPhase({ kind: "waiting-for-model", since: 0 });
  vi.runAllTimers();
  expect(signals).toHaveLength(1);
});

it("does not begin after the turn, and stops with it", () => {
  const { signals, next } = counted();
  const early = next();
  early.onPhase({ kind: "waiting-for-model", since: 0 });
  early.end();
  vi.runAllTimers();
  expect(signals).toHaveLength(0);

  const other = counted();
  const late = other.next();
  late.onPhase({ kind: "waiting-for-model", since: 0 });
  vi.runAllTimers();
  late.end();
  expect(other.signals.map(({ aborted }) => aborted)).toEqual([true]);

  const over = counted().next();
  over.end();
  over.onPhase({ kind: "waiting-for-model", since: 0 });
  expect(vi.getTimerCount()).toBe(0);
});
