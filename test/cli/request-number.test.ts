import { expect, test } from "vitest";
import { wireRequests } from "../../src/analysis/wire-requests.js";
import { namesRequest, requestNumber } from "../../src/cli/request-number.js";
import { at, traceOf } from "../support/fixtures.js";
import { madeExchange, withMadeWire } from "../support/made-wire.js";

const exchanges = [0, 1, 2, 3].map((number) => madeExchange(number, '{"model":"m"}'));
const trace = withMadeWire(
  traceOf("subagent@1.18.33"),
  exchanges.slice(0, 3).map((exchange) => ({ segments: [], exchange })),
);
const own = wireRequests(exchanges, [trace]);
const again = { ...at(own, 1), number: 3, agent: "explore", name: "llm-call-1" };
const requests = [...own.slice(0, 3), again];

test.each([
  ["2", 2],
  ["llm-call-0", 0],
  ["worker llm-call-0", 1],
  ["explore llm-call-1", 3],
])("request %j is number %i", (wanted, number) => {
  expect(requestNumber(requests, wanted, "--call")).toBe(number);
});

test("a name is enough without its agent where only one request has it", () => {
  expect(requestNumber(requests.slice(0, 3), "llm-call-1", "--call")).toBe(2);
});

test.each([
  ["4", /no request 4: the session has requests 0 to 3/],
  ["llm-call-9", /no request "llm-call-9".*\n.*column "for"/],
  ["llm-call-1", /could be several requests\.\nSay which of 2 \(worker llm-call-1\), 3 \(explore llm-call-1\)/],
])("request %j is refused with what to say instead", (wanted, why) => {
  expect(() => requestNumber(requests, wanted, "--call")).toThrow(why);
});

test("numbers and names of requests are told from sessions", () => {
  const words = ["3", "llm-call-3", "worker llm-call-0", "turn 2 llm-call-0", "retry 0 of step 1", "title"];
  expect([...words, "a.json", "ses_made", "llm-call-3.json", "."].filter(namesRequest)).toEqual(words);
});
