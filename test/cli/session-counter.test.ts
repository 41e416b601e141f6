import { expect, test } from "vitest";
import { sessionCounter } from "../../src/cli/session-counter.js";

function counted(sessions: number, errIsTty: boolean, errWidth = 80) {
  const written: string[] = [];
  let now = 0;
  const terminal = { errIsTty, errWidth, err: (text: string) => void written.push(text) };
  const counter = sessionCounter(terminal, sessions, () => now);
  /** So many are done, each after so many ms. */
  const pass = (many: number, eachMs: number, failed = false) => {
    for (let done = 0; done < many; done += 1) {
      now += eachMs;
      counter.next(failed);
    }
  };
  return { written, counter, pass };
}

test("how fast many sessions were done is told, and how many failed; of a few it is not", () => {
  const many = counted(1_200, false);
  many.pass(1_198, 10);
  many.pass(2, 10, true);
  expect(many.counter.rate()).toBe("1,200 sessions in 12.0s, 100 a second, 2 failed\n");
  const few = counted(99, false);
  few.pass(99, 1);
  expect(few.counter.rate()).toBe("");
});

test("sessions are counted on a terminal, a single one nowhere", () => {
  const three = counted(3, true);
  three.pass(3, 1);
  expect(three.written.map((text) => /\d of .*/.exec(text)?.[0])).toEqual(
    [1, 2, 3].map((done) => `${done} of 3 sessions`),
  );
  const one = counted(1, true);
  one.pass(1, 1);
  one.counter.clear();
  expect(one.written).toEqual([]);
});

test("the line says how fast it goes, what is left and what failed, once that is known", () => {
  const { written, pass } = counted(10_000, true, 60);
  pass(1, 20);
  expect(written.at(-1)).toBe("\r\x1b[2K1 of 10,000 sessions");
  pass(3, 20, true);
  pass(1_230, 20);
  expect(written.at(-1)).toBe("\r\x1b[2K1,234 of 10,000 sessions · 50 a second · about 3 min left · 3 failed");
});

test("what is left is reckoned by how fast the last ones were", () => {
  const { written, pass, counter } = counted(10_000, true, 60);
  pass(1_000, 100);
  // From now on each takes twice as long.
  pass(1_000, 200);
  expect(written.at(-1)).toBe("\r\x1b[2K2,000 of 10,000 sessions · 5.0 a second · about 27 min left");
  expect(counter.pace()).toMatchObject({ done: 2_000, of: 10_000, failed: 0, tookMs: 300_000 });
  expect(counter.pace().perSecond).toBeCloseTo(6.67, 2);
});

test("elsewhere a line is told every half a minute, and none of what takes less", () => {
  const { written, pass } = counted(1_000, false);
  pass(299, 100);
  expect(written).toEqual([]);
  pass(1, 100);
  pass(299, 100);
  expect(written).toEqual(["300 of 1,000 sessions · 10 a second · about 70 s left\n"]);
  pass(401, 100);
  expect(written).toHaveLength(3);
});
