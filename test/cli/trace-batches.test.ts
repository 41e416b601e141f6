import { expect, test } from "vitest";
import { TraceBatches, type TracedSession } from "../../src/cli/trace-batches.js";
import type { DestinationReport } from "../../src/deliver/delivery-report.js";

const DESTINATION = { id: "d", kind: "langfuse", label: "langfuse", url: "http://127.0.0.1" } as const;

function report(pending = 0, unsavedSpans = 0): DestinationReport {
  return {
    destination: DESTINATION,
    acknowledged: pending > 0 ? 0 : 1,
    alreadyAcknowledged: 0,
    outdated: { settings: 0, content: 0 },
    pending: { spans: pending, requests: pending, unsavedSpans },
    rejected: 0,
    beside: {},
    lastError: pending > 0 ? "it is away" : undefined,
    problems: [],
  };
}

function session(id: number, weight = 1): TracedSession {
  return { id: String(id), traces: [], weight };
}

interface Fakes {
  /** How the next deliveries and pushes end. */
  pending: number;
  unsaved: number;
  /** Whether the destination takes what waits. */
  isBack: boolean;
}

function fakeBatches(fakes: Partial<Fakes> = {}) {
  const state: Fakes = { pending: 0, unsaved: 0, isBack: true, ...fakes };
  const told: string[] = [];
  const delivered: string[][] = [];
  let now = 0;
  let held: (() => void) | undefined;
  let holds = false;
  const ending = new AbortController();
  const batches = new TraceBatches<TracedSession>({
    deliver: async () => {
      if (holds)
        await new Promise<void>((resolve) => {
          held = resolve;
        });
      return [report(state.pending, state.unsaved)];
    },
    onDelivered: async (sessions) => {
      delivered.push(sessions.map(({ id }) => id));
    },
    push: async () => {
      told.push("push");
      return [report(state.isBack ? 0 : 1)];
    },
    onPushed: () => told.push("pushed"),
    onGivenUp: ({ lastError }) => told.push(`given up: ${lastError} after ${now / 1_000} s`),
    clock: {
      now: () => now,
      random: () => 0,
      sleep: async (ms) => {
        now += ms;
      },
    },
    signal: ending.signal,
  });
  return {
    ...{ batches, state, told, delivered, ending },
    hold: () => {
      holds = true;
    },
    letGo: () => {
      holds = false;
      held?.();
    },
  };
}

async function addAll(batches: TraceBatches<TracedSession>, from: number, to: number): Promise<void> {
  for (let id = from; id <= to; id += 1) await batches.add(session(id));
}

test("sessions are delivered in batches, in their order, and the rest at the end", async () => {
  const { batches, delivered } = fakeBatches();
  await addAll(batches, 1, 35);
  await batches.end();
  expect(delivered.map(({ length }) => length)).toEqual([16, 16, 3]);
  expect(delivered.flat()).toEqual(Array.from({ length: 35 }, (_, index) => String(index + 1)));
});

test("a large session does not wait for others", async () => {
  const { batches, delivered } = fakeBatches();
  await batches.add(session(1));
  await batches.add(session(2, 5_000));
  await batches.add(session(3));
  await batches.end();
  expect(delivered).toEqual([["1", "2"], ["3"]]);
});

test("one batch is under way and one is gathered: who reads more waits", async () => {
  const { batches, delivered, hold, letGo } = fakeBatches();
  hold();
  await addAll(batches, 1, 31);
  let isTaken = false;
  const adding = batches.add(session(32)).then(() => {
    isTaken = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect([isTaken, delivered]).toEqual([false, []]);
  letGo();
  await adding;
  await batches.end();
  expect(delivered.map(({ length }) => length)).toEqual([16, 16]);
});

test("where a destination takes nothing, reading waits when much waits, and goes on when it is back", async () => {
  const { batches, state, told, delivered } = fakeBatches({ pending: 5, isBack: true });
  await addAll(batches, 1, 200);
  expect(told).toEqual([]);
  await addAll(batches, 201, 240);
  expect(told).toEqual(["push", "pushed"]);
  state.pending = 0;
  await addAll(batches, 241, 800);
  await batches.end();
  expect(told).toHaveLength(2);
  expect(delivered.flat()).toHaveLength(800);
});

test("what was refused while some still waited is told with what was taken at last", async () => {
  const pushed: (readonly DestinationReport[])[] = [];
  const scores = { acknowledged: 0, alreadyAcknowledged: 0, pending: 1, unsaved: 0, rejected: 1 };
  const answers: readonly DestinationReport[] = [
    { ...report(5), rejected: 2, beside: { scores } },
    { ...report(3), rejected: 1 },
    { ...report(0), acknowledged: 3 },
  ];
  let asked = 0;
  const batches = new TraceBatches<TracedSession>({
    deliver: async () => [report(5)],
    onDelivered: async () => undefined,
    push: async () => answers.slice(asked++).slice(0, 1),
    onPushed: (reports) => pushed.push(reports),
    onGivenUp: () => undefined,
    clock: { now: () => 0, random: () => 0, sleep: async () => undefined },
    signal: new AbortController().signal,
  });
  await addAll(batches, 1, 240);
  await batches.end();
  expect(pushed).toMatchObject([
    [{ acknowledged: 3, rejected: 3, pending: { spans: 0 }, beside: { scores: { pending: 0, rejected: 1 } } }],
  ]);
});

test("a destination that stays away ends it after two minutes, said once", async () => {
  const { batches, told } = fakeBatches({ pending: 5, isBack: false });
  await addAll(batches, 1, 300);
  await batches.end();
  const given = told.filter((text) => text !== "push");
  expect(given).toHaveLength(1);
  expect(given[0]).toMatch(/^given up: it is away after 1[2-5]\d s$/);
});

test("what could not even be stored is not followed by more of the kind", async () => {
  const { batches, told } = fakeBatches({ pending: 5, unsaved: 5, isBack: false });
  await addAll(batches, 1, 33);
  await batches.end();
  expect(told.at(-1)).toMatch(/^given up/);
});

test("an interrupt ends the wait, and what was read is still delivered", async () => {
  const { batches, told, ending, delivered } = fakeBatches({ pending: 5, isBack: false });
  ending.abort(new Error("interrupted"));
  await addAll(batches, 1, 300);
  await batches.end();
  expect(told).toEqual([]);
  expect(delivered.flat()).toHaveLength(300);
});

test("what a delivery throws is thrown to who adds the next batch", async () => {
  const batches = new TraceBatches<TracedSession>({
    deliver: async () => {
      throw new Error("the folder is another user's");
    },
    onDelivered: async () => undefined,
    push: async () => [],
    onPushed: () => undefined,
    onGivenUp: () => undefined,
    clock: { now: () => 0, random: () => 0, sleep: async () => undefined },
    signal: new AbortController().signal,
  });
  await addAll(batches, 1, 16);
  await expect(addAll(batches, 17, 32)).rejects.toThrow("another user's");
});
