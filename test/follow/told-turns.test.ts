import { expect, test } from "vitest";
import { isNews, noTurns, withTold } from "../../src/follow/told-turns.js";
import type { Loop } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { onlyOne } from "../support/fixtures.js";
import {
  answer,
  assistant,
  exportOf,
  type RawMessage,
  SESSION,
  stepStart,
  T0,
  text,
  treeOf,
  user,
} from "../trace/make-session.js";

const prompt = user(0, "Go.");
const first = answer(10, 100);
const second = answer(200, 300);
const asked = user(50, "In the background.");
const begun = assistant(55, null, [stepStart(60), text(61, null, "I am")]);

function loopOf(messages: readonly RawMessage[], below: readonly RawMessage[]): Loop {
  const info = { id: "ses_bg", parentID: SESSION, time: { created: T0 + 50 } };
  const children = below.length === 0 ? [] : [exportOf(below, info)];
  return onlyOne(traceSession(treeOf(exportOf([prompt, ...messages]), ...children))).loop;
}

test("a turn is told once, and once more when it went on", () => {
  const short = loopOf([first], []);
  expect([noTurns.has(short.userMessageId), isNews(noTurns, short)]).toEqual([false, true]);
  const told = withTold(noTurns, [short]);
  expect([told.has(short.userMessageId), isNews(told, short)]).toEqual([true, false]);
  const { info } = prompt;
  expect(isNews(told, loopOf([first, { ...second, info: { ...second.info, parentID: info.id } }], []))).toBe(true);
});

test("one that a subagent outlives is told once more when that is done, not with each of its steps", () => {
  const told = withTold(noTurns, [loopOf([first], [asked, begun])]);
  const goesOn = [asked, answer(55, 150), assistant(160, null, [stepStart(165)])];
  expect(isNews(told, loopOf([first], [asked, begun]))).toBe(false);
  expect(isNews(told, loopOf([first], goesOn))).toBe(false);
  const done = loopOf([first], [asked, answer(55, 150), answer(160, 400)]);
  expect(isNews(told, done)).toBe(true);
  expect(isNews(withTold(told, [done]), done)).toBe(false);
});
