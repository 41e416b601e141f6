import fc from "fast-check";
import { expect, test } from "vitest";
import type { OpenResult, SendResult } from "../../src/deliver/http/send-result.js";
import { createSchedule, type Part, type Schedule } from "../../src/deliver/schedule.js";
import { tries } from "../support/tries.js";

const NOW = 1_700_000_000_000;
const FOREVER = Number.POSITIVE_INFINITY;
const TAKEN: SendResult = { kind: "acknowledged" };
const REFUSED: SendResult = { kind: "rejected", status: 400, message: "answered 400" };
const AWAY: OpenResult = { kind: "unavailable", retryAfterMs: undefined, message: "answered 503" };

/** Works on one request until it is left. @returns the parts that were sent, and those that are to be set aside */
function work(
  schedule: Schedule,
  request: number,
  pending: number,
  answer: (part: Part) => SendResult,
  now = NOW,
): { readonly sent: readonly Part[]; readonly refused: readonly Part[] } {
  const sent: Part[] = [];
  schedule.begin(request, pending);
  for (;;) {
    const move = schedule.move(request, now, false);
    if (move.kind === "leave") {
      schedule.left(request);
      return { sent, refused: move.refused.map(({ part }) => part) };
    }
    sent.push(move.part);
    schedule.answered(request, answer(move.part), move.round, now);
  }
}

test("requests come in their order, and one that the destination is not there for after the others", () => {
  const schedule = createSchedule(3, FOREVER, () => 1);
  expect(schedule.next()).toBe(0);
  expect(work(schedule, 0, 2, () => AWAY).sent).toHaveLength(1);
  expect(schedule.pause(NOW)).toEqual({ waitMs: 500, failures: 1, leftMs: FOREVER });
  expect([schedule.next(), schedule.next(), schedule.next(), schedule.next()]).toEqual([1, 2, 0, undefined]);
  expect(schedule.lastError()).toBe("answered 503");
});

test("nothing is sent before the pause is over, nor after the deadline, nor once aborted", () => {
  const schedule = createSchedule(1, NOW + 800, () => 1);
  work(schedule, schedule.next() ?? -1, 1, () => AWAY);
  schedule.begin(0, 1);
  expect(schedule.move(0, NOW + 499, false)).toEqual({ kind: "leave", refused: [] });
  schedule.begin(0, 1);
  expect(schedule.move(0, NOW + 500, false)).toEqual({ kind: "send", part: { from: 0, to: 1 }, round: 1 });
  expect(schedule.move(0, NOW + 800, false)).toEqual({ kind: "leave", refused: [] });
  expect(schedule.next()).toBeUndefined();
  const aborted = createSchedule(1, FOREVER, () => 1);
  aborted.begin(0, 1);
  expect(aborted.move(0, NOW, true)).toEqual({ kind: "leave", refused: [] });
  expect(aborted.next()).toBeUndefined();
});

test("a pause that would end after the deadline is not made", () => {
  const schedule = createSchedule(2, NOW + 10_000, () => 1);
  work(schedule, 0, 1, () => ({ kind: "throttled", retryAfterMs: 60_000, message: "answered 429" }));
  expect(schedule.pause(NOW)).toBeUndefined();
  expect(work(schedule, 1, 1, () => TAKEN).sent).toEqual([]);
  expect(schedule.next()).toBeUndefined();
});

test("what is refused is halved until the malformed spans are alone", () => {
  const bad = [3, 4, 11];
  const schedule = createSchedule(1, FOREVER, () => 1);
  const { sent, refused } = work(schedule, 0, 16, ({ from, to }) =>
    bad.some((span) => from <= span && span < to) ? REFUSED : TAKEN,
  );
  expect(refused.map(({ from }) => from)).toEqual(bad);
  expect(sent.length).toBeLessThan(20);
});

test("eight single refusals and nothing taken prove nothing: no span is set aside, and the rest is asked once", () => {
  const schedule = createSchedule(3, FOREVER, () => 1);
  expect(schedule.next()).toBe(0);
  expect(work(schedule, 0, 20, () => REFUSED).refused).toEqual([]);
  expect(schedule.next()).toBe(1);
  expect(work(schedule, 1, 20, () => REFUSED)).toEqual({ sent: [{ from: 0, to: 20 }], refused: [] });
  expect(schedule.next()).toBe(2);
  // One that is taken proves that the others are refused for what they hold.
  expect(work(schedule, 2, 20, () => TAKEN).sent).toHaveLength(1);
  expect([schedule.next(), schedule.next(), schedule.next()]).toEqual([0, 1, undefined]);
  expect(work(schedule, 0, 2, () => REFUSED).refused).toHaveLength(2);
});

test("a request that met trouble six times waits for the next delivery", () => {
  const schedule = createSchedule(1, FOREVER, () => 1);
  let now = NOW;
  let tries = 0;
  for (let at = schedule.next(); at !== undefined; at = schedule.next()) {
    now += schedule.pause(now)?.waitMs ?? 0;
    tries += work(schedule, at, 1, () => AWAY, now).sent.length;
  }
  expect(tries).toBe(6);
});

test.each<SendResult>([
  { kind: "unauthorised", status: 401, message: "answered 401" },
  { kind: "misdirected", status: 404, message: "answered 404" },
  { kind: "blocked", status: 407, message: "answered 407" },
])("$kind ends the delivery, also for requests under way", (result) => {
  const schedule = createSchedule(3, FOREVER, () => 1);
  schedule.begin(1, 4);
  expect(work(schedule, 0, 4, () => result).sent).toHaveLength(1);
  expect(schedule.move(1, NOW, false)).toEqual({ kind: "leave", refused: [] });
  expect(schedule.next()).toBeUndefined();
});

test("a request that is taken in part is through; one of which all is dropped is refused", () => {
  const schedule = createSchedule(1, FOREVER, () => 1);
  schedule.begin(0, 5);
  schedule.move(0, NOW, false);
  const partial = (rejectedSpans: number): SendResult => ({ kind: "partial", rejectedSpans, message: "no" });
  expect(schedule.answered(0, partial(2), 0, NOW)).toBe("taken-in-part");
  schedule.begin(0, 5);
  schedule.move(0, NOW, false);
  expect(schedule.answered(0, partial(5), 0, NOW)).toBe("refused");
  expect(schedule.move(0, NOW, false)).toEqual({ kind: "leave", refused: [] });
});

test("of items that are answered for one by one, those in trouble come again, and the refused are told at the end", () => {
  const schedule = createSchedule(1, FOREVER, () => 1);
  const rest = { kind: "unavailable", retryAfterMs: undefined, message: "answered 500" } as const;
  const first: SendResult = { kind: "itemised", taken: [0, 3], refused: [{ at: 1, message: "no" }], rest };
  expect(work(schedule, schedule.next() ?? -1, 4, () => first)).toMatchObject({ refused: [{ from: 1, to: 2 }] });
  expect(schedule.lastError()).toBe("answered 500");
  expect(work(schedule, schedule.next() ?? -1, 1, () => TAKEN, NOW + 500).sent).toHaveLength(1);
  expect(schedule.next()).toBeUndefined();
});

test.each<readonly [string, boolean, readonly SendResult[]]>([
  ["no answer", true, [AWAY]],
  ["refused keys", true, [{ kind: "unauthorised", status: 401, message: "" }]],
  ["a busy server", true, [{ kind: "throttled", retryAfterMs: 60_000, message: "" }]],
  ["an answer after all", false, [AWAY, TAKEN]],
  ["a wrong address", false, [{ kind: "misdirected", status: 404, message: "" }]],
  ["a server in trouble", false, [{ ...AWAY, answered: { by: "server", status: 500 } }]],
])("after %s other kinds need not be tried: %s", (_, isAway, results) => {
  const schedule = createSchedule(results.length, FOREVER, () => 1);
  for (const [at, result] of results.entries()) work(schedule, at, 1, () => result, NOW + at * 60_000);
  expect(schedule.isAway()).toBe(isAway);
});

const answers: readonly SendResult[] = [
  TAKEN,
  REFUSED,
  AWAY,
  { kind: "partial", rejectedSpans: 1, message: "one was dropped" },
  { kind: "throttled", retryAfterMs: 3_000, message: "answered 429" },
  { kind: "misdirected", status: 404, message: "answered 404" },
  // Of what it is asked for it takes the first, refuses the second and leaves the rest open.
  { kind: "itemised", taken: [0], refused: [{ at: 1, message: "refused" }], rest: AWAY },
];

test("however several workers and the answers interleave, no span is sent after it was dealt with, and all ends", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });
  const steps = fc.array(fc.tuple(fc.nat(3), fc.nat(11)), { maxLength: 80 });
  fc.assert(
    fc.property(sizes, steps, (requests, script) => {
      const deadline = NOW + 100_000;
      const schedule = createSchedule(requests.length, deadline, () => 0.5);
      const pending = requests.map((size) => Array.from({ length: size }, (_, span) => span));
      type Busy = { readonly request: number; readonly spans: readonly number[] };
      const workers: (Busy | undefined)[] = Array.from({ length: 4 }, () => undefined);
      const isBusy = (request: number) => workers.some((worker) => worker?.request === request);
      let now = NOW;
      const settle = (request: number, spans: readonly number[]) => {
        for (const span of spans) {
          const at = pending[request]?.indexOf(span) ?? -1;
          expect(at).toBeGreaterThanOrEqual(0);
          pending[request]?.splice(at, 1);
        }
      };
      /** @returns whether there was something to do */
      const step = (worker: number, result: SendResult): boolean => {
        const busy = workers[worker];
        if (busy === undefined) {
          const request = schedule.next();
          if (request === undefined) return false;
          expect(isBusy(request)).toBe(false);
          const spans = [...(pending[request] ?? [])];
          workers[worker] = { request, spans };
          now += schedule.pause(now)?.waitMs ?? 0;
          schedule.begin(request, spans.length);
          return true;
        }
        const move = schedule.move(busy.request, now, false);
        const spansOf = ({ from, to }: Part) => busy.spans.slice(from, to);
        if (move.kind === "leave") {
          for (const { part } of move.refused) settle(busy.request, spansOf(part));
          schedule.left(busy.request);
          workers[worker] = undefined;
          return true;
        }
        const spans = spansOf(move.part);
        expect(spans.length).toBeGreaterThan(0);
        for (const span of spans) expect(pending[busy.request]).toContain(span);
        expect(now).toBeLessThan(deadline);
        const told = fitting(result, spans.length);
        const outcome = schedule.answered(busy.request, told, move.round, now);
        if (told.kind === "itemised") settle(busy.request, spans.slice(0, 1));
        else if (outcome !== "open") settle(busy.request, spans);
        return true;
      };
      for (const [worker, answer] of script) {
        step(worker, answers[answer % answers.length] ?? TAKEN);
        now += 1;
      }
      for (let left = 2_000; left > 0; left -= 1) {
        if (![0, 1, 2, 3].map((worker) => step(worker, TAKEN)).includes(true)) break;
        expect(left).toBeGreaterThan(1);
      }
      expect(schedule.next()).toBeUndefined();
      // Where nothing went wrong that ends a delivery or a request, everything is dealt with.
      const isFatal = script.some(
        ([, answer]) => answer % answers.length >= 4 || answers[answer % answers.length] === AWAY,
      );
      if (!isFatal) expect(pending.flat()).toEqual([]);
    }),
    { numRuns: tries(300) },
  );
});

/** The answer to a request of so many items. */
function fitting(result: SendResult, items: number): SendResult {
  if (result.kind !== "itemised") return result;
  const refused = result.refused.filter(({ at }) => at < items);
  return { ...result, refused, rest: items > 1 + refused.length ? result.rest : undefined };
}
