import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createSchedule,
  type Ended,
  type Left,
  type Schedule,
  type ScheduleSettings,
} from "../../src/batch/schedule.js";
import { tries } from "../support/tries.js";

const DEFAULTS: ScheduleSettings = {
  concurrency: 2,
  patienceMs: 60_000,
  requeues: 3,
  keepGoing: false,
  limits: {},
  spent: { cost: 0, tokens: 0 },
};

const fine: Ended = { error: null, providers: [], cost: 1, tokens: 10, interrupted: false };

/** A run that ends in one of these ways, for tasks of this provider. */
function endedBy(how: Plan["runs"][number]["how"], provider: string, now: number): Ended {
  const providers = [provider];
  switch (how.kind) {
    case "fine":
      return fine;
    case "fails":
      return { ...fine, error: { code: "timeout" }, providers };
    case "refused":
      return { ...fine, error: { code: "billing_error" }, providers };
    case "limited":
      return { ...fine, error: { code: "rate_limit", retryAt: now + how.forMs }, providers };
    default:
      return how satisfies never;
  }
}

interface Plan {
  readonly provider: string;
  /** What becomes of the task each time; the last one again and again. */
  readonly runs: readonly {
    readonly tookMs: number;
    readonly how:
      | { readonly kind: "fine" | "fails" | "refused" }
      | { readonly kind: "limited"; readonly forMs: number };
  }[];
}

const planOf = fc.record({
  provider: fc.constantFrom("", "a", "b"),
  runs: fc.array(
    fc.record({
      tookMs: fc.nat(50_000),
      how: fc.oneof(
        { weight: 5, arbitrary: fc.constant({ kind: "fine" as const }) },
        { weight: 1, arbitrary: fc.constant({ kind: "fails" as const }) },
        { weight: 1, arbitrary: fc.constant({ kind: "refused" as const }) },
        {
          weight: 3,
          arbitrary: fc.record({
            kind: fc.constant("limited" as const),
            forMs: fc.integer({ min: -1000, max: 90_000 }),
          }),
        },
      ),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

const settingsOf: fc.Arbitrary<ScheduleSettings> = fc.record({
  concurrency: fc.integer({ min: 1, max: 5 }),
  patienceMs: fc.constantFrom(0, 30_000, 80_000),
  requeues: fc.nat(3),
  keepGoing: fc.boolean(),
  limits: fc.record(
    {
      maxCost: fc.integer({ min: 1, max: 30 }),
      maxTokens: fc.integer({ min: 1, max: 300 }),
      maxErrors: fc.integer({ min: 1, max: 5 }),
      maxDurationMs: fc.integer({ min: 1, max: 300_000 }),
    },
    { requiredKeys: [] },
  ),
  spent: fc.record({ cost: fc.nat(5), tokens: fc.nat(50) }),
});

interface Played {
  readonly finished: readonly number[];
  readonly left: readonly Left[];
  readonly starts: readonly number[];
}

/** Plays a batch on a clock of its own, and checks at each moment what must hold, from what has happened alone. */
function play(plans: readonly Plan[], settings: ScheduleSettings, interruptAt: number): Played {
  const startedAt = 1_000_000;
  const schedule: Schedule = createSchedule(
    plans.map(({ provider }) => provider),
    settings,
    startedAt,
  );
  const { limits } = settings;
  let now = startedAt;
  const running = new Map<number, { readonly endsAt: number; readonly how: Plan["runs"][number]["how"] }>();
  const finished: number[] = [];
  const interrupted: number[] = [];
  const starts = plans.map(() => 0);
  const notBefore = new Map<number, number>();
  const pausedUntil = new Map<string, number>();
  const blocked = new Set<string>();
  let { cost, tokens } = settings.spent;
  let errors = 0;
  const overLimit = (): boolean =>
    cost >= (limits.maxCost ?? Infinity) ||
    tokens >= (limits.maxTokens ?? Infinity) ||
    errors >= (limits.maxErrors ?? Infinity) ||
    now >= startedAt + (limits.maxDurationMs ?? Infinity);
  let interruptedNow = false;
  let stopped = false;
  const isOver = (task: number): boolean => finished.includes(task) || interrupted.includes(task);
  const mayStart = (task: number): boolean => {
    const { provider } = plans[task] ?? expect.unreachable();
    return (
      !running.has(task) &&
      !isOver(task) &&
      !blocked.has(provider) &&
      Math.max(notBefore.get(task) ?? 0, pausedUntil.get(provider) ?? 0) <= now
    );
  };
  const startable = (): readonly number[] => plans.flatMap((_, task) => (mayStart(task) ? [task] : []));

  for (let moves = 0; ; moves += 1) {
    expect(moves).toBeLessThan(10_000);
    if (!interruptedNow && now >= interruptAt) {
      interruptedNow = true;
      schedule.stop("interrupted");
    }
    stopped ||= interruptedNow || (overLimit() && running.size + finished.length < plans.length);
    const next = schedule.next(now);
    if (next.kind === "start") {
      expect(stopped).toBe(false);
      // The first that may: none is started twice at once, again after its result, too early, or without its provider.
      expect(next.task).toBe(startable()[0]);
      expect(running.size).toBeLessThan(settings.concurrency);
      const { runs } = plans[next.task] ?? expect.unreachable();
      const run = runs[Math.min(starts[next.task] ?? 0, runs.length - 1)] ?? expect.unreachable();
      starts[next.task] = (starts[next.task] ?? 0) + 1;
      expect(starts[next.task]).toBeLessThanOrEqual(1 + settings.requeues);
      running.set(next.task, { endsAt: now + run.tookMs, how: run.how });
      expect(schedule.running()).toBe(running.size);
      continue;
    }
    // Nobody waits for nothing.
    if (!stopped && running.size < settings.concurrency) expect(startable()).toEqual([]);
    if (next.kind === "over") {
      expect(running.size).toBe(0);
      return { finished, left: schedule.left(), starts };
    }
    const firstEnd = Math.min(...[...running.values()].map(({ endsAt }) => endsAt));
    const wakeAt = Math.min(next.until ?? Infinity, firstEnd, interruptedNow ? Infinity : Math.max(now, interruptAt));
    expect(wakeAt).toBeLessThan(Infinity);
    if (next.until !== null) expect(next.until).toBeGreaterThan(now);
    now = wakeAt;
    for (const [task, { endsAt, how }] of [...running]) {
      if (endsAt > now) continue;
      running.delete(task);
      const { provider } = plans[task] ?? expect.unreachable();
      const outcome = { ...endedBy(how, provider, now), interrupted: interruptedNow };
      const verdict = schedule.ended(task, outcome, now);
      cost += outcome.cost;
      tokens += outcome.tokens;
      if (verdict === "interrupted") {
        expect(interruptedNow).toBe(true);
        interrupted.push(task);
      } else if (verdict === "finished") {
        finished.push(task);
        if (how.kind !== "fine") errors += 1;
      } else {
        expect(how.kind).toBe("limited");
      }
      if (outcome.interrupted) continue;
      const tooLong = how.kind === "limited" && how.forMs > settings.patienceMs;
      if (how.kind === "limited" && !tooLong) {
        pausedUntil.set(provider, Math.max(now + how.forMs, pausedUntil.get(provider) ?? 0));
        if (verdict === "put-back") notBefore.set(task, now + how.forMs);
      }
      if (!settings.keepGoing && (how.kind === "refused" || tooLong)) blocked.add(provider);
    }
  }
}

describe("whatever the tasks and whatever becomes of them", () => {
  test("none is lost, none runs twice at once, never more than so many, pauses and limits are kept to", () => {
    fc.assert(
      fc.property(
        fc.array(planOf, { maxLength: 14 }),
        settingsOf,
        fc.option(fc.integer({ min: 1_000_000, max: 1_200_000 }), { nil: Infinity }),
        (plans, settings, interruptAt) => {
          const { finished, left } = play(plans, settings, interruptAt);
          const all = [...finished, ...left.map(({ task }) => task)].sort((a, b) => a - b);
          expect(all).toEqual(plans.map((_, task) => task));
        },
      ),
      { numRuns: tries(1_000) },
    );
  });

  test("without limits, and going on whatever happens, every task comes to its result", () => {
    fc.assert(
      fc.property(fc.array(planOf, { maxLength: 14 }), settingsOf, (plans, settings) => {
        const { finished, left } = play(plans, { ...settings, limits: {}, keepGoing: true }, Infinity);
        expect(left).toEqual([]);
        expect(finished).toHaveLength(plans.length);
      }),
    );
  });
});

function started(schedule: Schedule, now: number): readonly number[] {
  const tasks: number[] = [];
  for (;;) {
    const next = schedule.next(now);
    if (next.kind !== "start") return tasks;
    tasks.push(next.task);
  }
}

describe("rate limits", () => {
  const limited: Ended = { ...fine, error: { code: "rate_limit", retryAt: 5_000 }, providers: ["a"] };

  test("one task's rate limit holds back all of its provider, others overtake, and it is tried first again", () => {
    const schedule = createSchedule(["a", "a", "b", "a"], { ...DEFAULTS, concurrency: 3 }, 0);
    expect(started(schedule, 0)).toEqual([0, 1, 2]);
    expect(schedule.ended(0, limited, 1_000)).toBe("put-back");
    expect(schedule.pauses(1_000)).toEqual([{ provider: "a", until: 5_000 }]);
    expect(schedule.next(1_000)).toEqual({ kind: "wait", until: 5_000 });
    expect(schedule.ended(2, fine, 2_000)).toBe("finished");
    expect(schedule.next(4_999)).toEqual({ kind: "wait", until: 5_000 });
    expect(started(schedule, 5_000)).toEqual([0, 3]);
    expect(schedule.pauses(5_000)).toEqual([]);
  });

  test("after so many times it is the task's result", () => {
    const schedule = createSchedule(["a"], { ...DEFAULTS, requeues: 1 }, 0);
    expect(started(schedule, 0)).toEqual([0]);
    expect(schedule.ended(0, limited, 0)).toBe("put-back");
    expect(started(schedule, 5_000)).toEqual([0]);
    const again = { ...limited, error: { code: "rate_limit", retryAt: 9_000 } } as const;
    expect(schedule.ended(0, again, 6_000)).toBe("finished");
    expect(schedule.next(9_000)).toEqual({ kind: "over" });
  });

  test("one that takes longer than the patience ends its provider", () => {
    const schedule = createSchedule(["a", "b", "a"], { ...DEFAULTS, concurrency: 1, patienceMs: 4_000 }, 0);
    expect(started(schedule, 0)).toEqual([0]);
    expect(schedule.ended(0, limited, 900)).toBe("finished");
    expect(started(schedule, 900)).toEqual([1]);
    schedule.ended(1, fine, 1_000);
    expect(schedule.next(1_000)).toEqual({ kind: "over" });
    expect(schedule.left()).toEqual([{ task: 2, reason: "rate_limit", provider: "a" }]);
  });

  test("of a fallback's provider it holds back that provider and the task, not the others of the task's own", () => {
    const schedule = createSchedule(["a", "a", "b"], { ...DEFAULTS, concurrency: 1 }, 0);
    expect(started(schedule, 0)).toEqual([0]);
    expect(schedule.ended(0, { ...limited, providers: ["b"] }, 0)).toBe("put-back");
    expect(started(schedule, 0)).toEqual([1]);
    schedule.ended(1, fine, 1);
    expect(schedule.next(1)).toEqual({ kind: "wait", until: 5_000 });
  });
});

describe("what ends it", () => {
  test("a refused key stops the tasks of its provider alone, unless it is to go on", () => {
    const refused: Ended = { ...fine, error: { code: "authentication_failed" }, providers: ["a"] };
    const schedule = createSchedule(["a", "a", "b"], { ...DEFAULTS, concurrency: 1 }, 0);
    started(schedule, 0);
    expect(schedule.ended(0, refused, 1)).toBe("finished");
    expect([...schedule.blocked()]).toEqual([["a", "authentication_failed"]]);
    expect(started(schedule, 1)).toEqual([2]);
    schedule.ended(2, fine, 2);
    expect(schedule.next(2)).toEqual({ kind: "over" });
    expect(schedule.left()).toEqual([{ task: 1, reason: "authentication_failed", provider: "a" }]);

    const going = createSchedule(["a", "a"], { ...DEFAULTS, concurrency: 1, keepGoing: true }, 0);
    started(going, 0);
    going.ended(0, refused, 1);
    expect(started(going, 1)).toEqual([1]);
  });

  test.each([
    ["max-cost", { maxCost: 3 }, { cost: 1, tokens: 0 }],
    ["max-tokens", { maxTokens: 20 }, { cost: 0, tokens: 0 }],
    ["max-duration", { maxDurationMs: 1_000 }, { cost: 0, tokens: 0 }],
  ] as const)("%s: nothing new begins, what runs comes to its end", (reason, limits, spent) => {
    const schedule = createSchedule(["a", "a", "a", "a"], { ...DEFAULTS, limits, spent }, 0);
    expect(started(schedule, 0)).toEqual([0, 1]);
    schedule.ended(0, fine, 500);
    expect(started(schedule, 500)).toEqual([2]);
    schedule.ended(1, fine, 1_000);
    expect(schedule.next(1_000)).toEqual({ kind: "wait", until: null });
    expect(schedule.stopped()).toBe(reason);
    expect(schedule.ended(2, fine, 2_000)).toBe("finished");
    expect(schedule.next(2_000)).toEqual({ kind: "over" });
    expect(schedule.left()).toEqual([{ task: 3, reason, provider: null }]);
  });

  test("so many failures", () => {
    const schedule = createSchedule(["a", "a", "a"], { ...DEFAULTS, concurrency: 1, limits: { maxErrors: 1 } }, 0);
    started(schedule, 0);
    schedule.ended(0, { ...fine, error: { code: "timeout" } }, 1);
    expect(schedule.next(1)).toEqual({ kind: "over" });
    expect(schedule.left().map(({ reason }) => reason)).toEqual(["max-errors", "max-errors"]);
  });

  test("an interruption: what runs is to be done again, but for what comes to a result all the same", () => {
    const schedule = createSchedule(["a", "a", "a"], DEFAULTS, 0);
    started(schedule, 0);
    schedule.stop("interrupted");
    expect(schedule.ended(0, { ...fine, interrupted: true }, 1)).toBe("interrupted");
    expect(schedule.ended(1, fine, 1)).toBe("finished");
    expect(schedule.next(1)).toEqual({ kind: "over" });
    expect(schedule.left()).toEqual([
      { task: 0, reason: "interrupted", provider: null },
      { task: 2, reason: "interrupted", provider: null },
    ]);
  });

  test("a limit that is reached with the last task leaves nothing undone", () => {
    const schedule = createSchedule(["a"], { ...DEFAULTS, limits: { maxCost: 1 } }, 0);
    started(schedule, 0);
    schedule.ended(0, fine, 1);
    expect([schedule.next(1), schedule.stopped()]).toEqual([{ kind: "over" }, null]);
  });
});
