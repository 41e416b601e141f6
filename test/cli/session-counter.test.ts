import { expect, test } from "vitest";
import { sessionCounter } from "../../src/cli/session-counter.js";

function counted(sessions: number, errIsTty: boolean) {
  const written: string[] = [];
  const terminal = { errIsTty, errWidth: 80, err: (text: string) => void written.push(text) };
  const counter = sessionCounter(terminal, sessions);
  for (let done = 0; done < sessions; done += 1) counter.next();
  counter.clear();
  return { written, rate: counter.rate() };
}

test("how fast many sessions were done is told, of a few it is not", () => {
  expect(counted(1_200, false).rate).toMatch(/^1,200 sessions in \S+, [\d.,]+ a second\n$/);
  expect(counted(99, false).rate).toBe("");
});

test("sessions are counted on a terminal alone, and a single one nowhere", () => {
  expect(counted(3, true).written.at(-2)).toMatch(/ 3 of 3 sessions$/);
  expect(counted(3, false).written).toEqual([]);
  expect(counted(1, true).written).toEqual([]);
});
