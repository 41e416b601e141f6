import type { ErrorCode } from "../errors/error-facts.js";
import { retryPolicies } from "../errors/retry-policy.js";
import { type BatchLimits, limitReached } from "./limits.js";

export interface ScheduleSettings {
  /** How many tasks may run at once. */
  readonly concurrency: number;
  /** How long a provider's rate limit is waited for, in ms. */
  readonly patienceMs: number;
  /** How often one task is put back because of a rate limit before that is its result. */
  readonly requeues: number;
  /**
   * Whether tasks go on after their provider has refused the key, the credit, or everything for longer than
   * the patience.
   */
  readonly keepGoing: boolean;
  readonly limits: BatchLimits;
  /** What the batch has come to before. */
  readonly spent: Spending;
}

/** What tasks have come to. */
export interface Spending {
  /** USD. */
  readonly cost: number;
  /** All tokens, cached ones included. */
  readonly tokens: number;
}

/** Why nothing more is started. */
export type StopReason = "interrupted" | "broken" | "max-cost" | "max-tokens" | "max-errors" | "max-duration";

/** How a run of a task ended. */
export interface Ended extends Spending {
  readonly error: { readonly code: ErrorCode; readonly retryAt?: number } | null;
  /** The providers that the error is about: what it says holds for all their tasks. */
  readonly providers: readonly string[];
  /** It was ended from outside, before it came to a result. */
  readonly interrupted: boolean;
}

export type Next =
  /** Start this one now; it counts as running from here on. */
  | { readonly kind: "start"; readonly task: number }
  /** Nothing can be started before a run ends, or before this time, ms since the epoch. */
  | { readonly kind: "wait"; readonly until: number | null }
  | { readonly kind: "over" };

/** Why a task has no result. */
export type NotDoneReason = StopReason | ErrorCode;
export interface Left {
  readonly task: number;
  readonly reason: NotDoneReason;
  /** The provider that the reason is about, if it is about one. */
  readonly provider: string | null;
}

/** What became of a task after a run: over with the run's result, to be run again, or without a result. */
export type Disposition = "finished" | "put-back" | "interrupted";

/** Decides which task of a batch is started when. Knows no clock and does nothing itself. */
export interface Schedule {
  /** @param now ms since the epoch; never less than before */
  next(now: number): Next;
  /** A run that `next` has started is over. */
  ended(task: number, outcome: Ended, now: number): Disposition;
  /** Nothing more is started from here on; the first reason stays. */
  stop(reason: StopReason): void;
  stopped(): StopReason | null;
  running(): number;
  /** How many tasks wait, also for a provider, or for nothing any more. */
  waiting(): number;
  /** Until when providers are left alone, ms since the epoch. */
  pauses(now: number): readonly { readonly provider: string; readonly until: number }[];
  /** Providers whose tasks are not started any more, and why. */
  blocked(): ReadonlyMap<string, ErrorCode>;
  /** The tasks without a result, in their order; all of them when the schedule is over. */
  left(): readonly Left[];
}

/**
 * Tasks are started in their order, but for those whose provider has to be waited for or has refused: others
 * overtake them. A task that was put back comes before later ones again.
 *
 * @param providers the provider of each task, `""` where opencode chooses it
 * @param startedAt ms since the epoch
 */
export function createSchedule(providers: readonly string[], settings: ScheduleSettings, startedAt: number): Schedule {
  const { concurrency, patienceMs, requeues, keepGoing, limits } = settings;
  const queues = queuesOf(providers);
  const putBack = new Map<number, number>();
  const putBacks = new Map<number, number>();
  const running = new Set<number>();
  const interrupted: number[] = [];
  const pausedUntil = new Map<string, number>();
  const blocked = new Map<string, ErrorCode>();
  const deadline = startedAt + (limits.maxDurationMs ?? Number.POSITIVE_INFINITY);
  let { cost, tokens } = settings.spent;
  let errors = 0;
  let stopped: StopReason | null = null;
  let waiting = providers.length;

  const providerOf = (task: number): string => providers[task] ?? "";
  const pauseOf = (provider: string): number => pausedUntil.get(provider) ?? Number.NEGATIVE_INFINITY;

  /** The first task that may start, and else when the first one may. */
  const choose = (now: number): { readonly task: number } | { readonly from: number } => {
    let task = Number.POSITIVE_INFINITY;
    let from = Number.POSITIVE_INFINITY;
    const consider = (candidate: number, notBefore: number): void => {
      if (blocked.has(providerOf(candidate))) return;
      const at = Math.max(notBefore, pauseOf(providerOf(candidate)));
      if (at <= now) task = Math.min(task, candidate);
      else from = Math.min(from, at);
    };
    for (const [candidate, notBefore] of putBack) consider(candidate, notBefore);
    for (const queue of queues.values()) {
      const head = queue.tasks[queue.begun];
      if (head !== undefined) consider(head, Number.NEGATIVE_INFINITY);
    }
    return task < Number.POSITIVE_INFINITY ? { task } : { from };
  };

  const take = (task: number): void => {
    if (!putBack.delete(task)) {
      const queue = queues.get(providerOf(task));
      if (queue) queue.begun += 1;
    }
    waiting -= 1;
    running.add(task);
  };

  const refuse = (providersOfError: readonly string[], code: ErrorCode): void => {
    if (keepGoing) return;
    for (const provider of providersOfError) if (!blocked.has(provider)) blocked.set(provider, code);
  };

  return {
    next(now) {
      const rest: Next = running.size > 0 ? { kind: "wait", until: null } : { kind: "over" };
      if (waiting === 0) return rest;
      stopped ??= limitReached(limits, { cost, tokens, errors, durationMs: now - startedAt });
      if (stopped !== null || running.size >= concurrency) return rest;
      const choice = choose(now);
      if ("task" in choice) {
        take(choice.task);
        return { kind: "start", task: choice.task };
      }
      // All that wait do so in vain.
      if (choice.from === Number.POSITIVE_INFINITY) return rest;
      return { kind: "wait", until: Math.min(choice.from, deadline) };
    },

    ended(task, outcome, now) {
      if (!running.delete(task)) throw new Error(`task ${task} is not running`);
      cost += outcome.cost;
      tokens += outcome.tokens;
      if (outcome.interrupted) {
        interrupted.push(task);
        return "interrupted";
      }
      const { error } = outcome;
      if (error === null) return "finished";
      if (error.code === "rate_limit" && error.retryAt !== undefined) {
        const until = error.retryAt;
        const times = putBacks.get(task) ?? 0;
        if (until - now <= patienceMs) {
          for (const provider of outcome.providers) pausedUntil.set(provider, Math.max(until, pauseOf(provider)));
          if (times < requeues) {
            putBacks.set(task, times + 1);
            putBack.set(task, until);
            waiting += 1;
            return "put-back";
          }
        } else refuse(outcome.providers, error.code);
      }
      if (retryPolicies[error.code].lasting) refuse(outcome.providers, error.code);
      errors += 1;
      return "finished";
    },

    stop(reason) {
      stopped ??= reason;
    },
    stopped: () => stopped,
    running: () => running.size,
    waiting: () => waiting,
    pauses: (now) => [...pausedUntil].flatMap(([provider, until]) => (until > now ? [{ provider, until }] : [])),
    blocked: () => blocked,

    left() {
      const tasks = [...putBack.keys(), ...[...queues.values()].flatMap(({ tasks: all, begun }) => all.slice(begun))];
      return [
        ...interrupted.map((task): Left => ({ task, reason: "interrupted", provider: null })),
        ...tasks.map((task): Left => {
          const provider = providerOf(task);
          const code = blocked.get(provider);
          if (code !== undefined) return { task, reason: code, provider };
          return { task, reason: stopped ?? "broken", provider: null };
        }),
      ].sort((a, b) => a.task - b.task);
    },
  };
}

interface Queue {
  readonly tasks: readonly number[];
  /** How many of them have been started. */
  begun: number;
}

function queuesOf(providers: readonly string[]): ReadonlyMap<string, Queue> {
  const tasks = new Map<string, number[]>();
  for (const [task, provider] of providers.entries()) {
    const queue = tasks.get(provider);
    if (queue) queue.push(task);
    else tasks.set(provider, [task]);
  }
  return new Map([...tasks].map(([provider, all]) => [provider, { tasks: all, begun: 0 }]));
}
