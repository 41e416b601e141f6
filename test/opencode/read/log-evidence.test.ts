import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLogEvidence } from "../../../src/opencode/read/log-evidence.js";
import { fixtureNames, loadFixture, onlyOne } from "../../support/fixtures.js";

const SESSION = "ses_e03b6040dffersic5cVr7YuLmg";
const time = (ms: number) => new Date(Date.UTC(2026, 10, 21, 4, 0, 0, ms)).toISOString();
const line = (ms: number, rest: string) => `timestamp=${time(ms)} level=INFO run=aa ${rest}`;
const stream = (ms: number, small: boolean) =>
  line(ms, `message=stream providerID=scripted modelID=m1 session.id=${SESSION} small=${small} agent=build`);
const failed = (ms: number, small: boolean, error: string) =>
  line(
    ms,
    `message="stream error" providerID=scripted modelID=m1 session.id=${SESSION} small=${small} error.error="${error}"`,
  );

describe.each(fixtureNames)("%s", (name) => {
  const { log, provider, session, subagents } = loadFixture(name);

  test("has a request for each that came in at the provider, a little earlier, title and all", () => {
    for (const { info } of [session, ...subagents]) {
      for (const small of [false, true]) {
        const logged = log.requests.filter((one) => one.sessionId === info.id && one.small === small);
        const received = provider.filter((one) => one.sessionId === info.id && one.title === small);
        expect(logged).toHaveLength(received.length);
        logged.forEach(({ at }, index) => {
          const delay = (received[index]?.received ?? 0) - at;
          expect(delay).toBeGreaterThanOrEqual(-5);
          expect(delay).toBeLessThan(100);
        });
      }
    }
  });

  test("has a failure for each request that was answered with a status other than 200", () => {
    const refused = provider.filter(({ status }) => status !== undefined && status !== 200);
    // A stream that broke off after 200 fails too.
    expect(log.failures.length).toBeGreaterThanOrEqual(refused.length);
    for (const { received, sessionId } of refused) {
      expect(log.failures.some((one) => one.sessionId === sessionId && one.at >= received - 5)).toBe(true);
    }
  });
});

test("the provider's message is in the failure, without the SDK's name for it", () => {
  const text = [stream(0, false), failed(40, false, "AI_APICallError: Rate limit reached")].join("\n");
  expect(readLogEvidence(text)).toMatchObject({
    requests: [{ sessionId: SESSION, at: Date.parse(time(0)), small: false, first: true }],
    failures: [
      {
        sessionId: SESSION,
        at: Date.parse(time(40)),
        error: { name: "UnknownError", data: { message: "Rate limit reached" } },
      },
    ],
  });
});

test("1.15's whole error gives what the export's error object has, and no more", () => {
  const failure = onlyOne(loadFixture("rate-limited-then-ok@1.15.13").log.failures);
  expect(failure.error).toMatchObject({
    name: "APIError",
    data: { statusCode: 429, isRetryable: true, message: expect.stringMatching(/rate limit/i) },
  });
  expect(JSON.stringify(failure)).not.toContain("requestBodyValues");
});

test("1.15 labels the turn's failed request as the title's; it counts all the same", () => {
  const { logText, log } = loadFixture("rate-limited-then-ok@1.15.13");
  expect(logText).toMatch(/^ERROR .* small=true agent=title .*"requestBodyValues":\{"model":"m1"/m);
  expect(log.failures).toHaveLength(1);
});

test("the title's own failure is no failure of the turn", () => {
  const text = [stream(0, true), failed(40, true, "AI_APICallError: Rate limit reached")].join("\n");
  expect(readLogEvidence(text).failures).toEqual([]);
});

test("lines about anything else tell nothing of requests", () => {
  const others = [
    line(0, `message=loop session.id=${SESSION} step=0`),
    line(1, 'message=stream text="of something else"'),
    "    at somewhere (file.ts:1:1)",
    "",
  ];
  const { requests, failures, marks = [] } = readLogEvidence(others.join("\n"));
  expect([requests, failures]).toEqual([[], []]);
  expect(marks.map(({ kind }) => kind)).toEqual(["begun", "loop"]);
  expect(readLogEvidence("no log")).toEqual({ requests: [], failures: [] });
});

test("no text makes it throw", () => {
  const pieces = fc.constantFrom(
    "timestamp=2026-11-21T04:00:00.000Z",
    "INFO  2026-11-21T04:00:00 +3ms",
    "message=stream",
    'message="stream error"',
    "providerID=p",
    `session.id=${SESSION}`,
    'error={"error":{"name":1}}',
    'error.error="half',
    "\n",
    "stream error",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string())), (parts) => {
      expect(readLogEvidence(parts.join(" "))).toHaveProperty("requests");
    }),
  );
});

test("of each process the first request is marked, that for the title aside, however the log is put together", () => {
  const run = (text: string, id: string) => text.replace("run=aa", `run=${id}`);
  const lines = [stream(50, false), stream(10, true), stream(20, false), run(stream(90, false), "bb")];
  const { requests } = readLogEvidence(lines.join("\n"));
  expect(requests.map(({ first }) => first ?? false)).toEqual([false, false, true, true]);
  const old = fixtureNames.filter((name) => name.endsWith("@1.15.13")).map((name) => loadFixture(name).log);
  for (const log of old) {
    expect(log.requests.filter(({ first }) => first)).toEqual([log.requests.find(({ small }) => !small)]);
  }
});
