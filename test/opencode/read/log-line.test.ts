import fc from "fast-check";
import { expect, test } from "vitest";
import { parseLog, parseLogLine } from "../../../src/opencode/read/log-line.js";
import { anyCharacter } from "../../support/any-character.js";

test("logfmt: 1.17 and later", () => {
  expect(
    parseLogLine(
      'timestamp=2026-11-21T03:50:26.405Z level=ERROR run=c9774a5f message="stream error" providerID=scripted session.id=ses_1 small=false error.error="AI_APICallError: \\"limit\\"=1 reached"',
    ),
  ).toEqual({
    at: Date.parse("2026-11-21T03:50:26.405Z"),
    level: "ERROR",
    message: "stream error",
    fields: {
      run: "c9774a5f",
      providerID: "scripted",
      "session.id": "ses_1",
      small: "false",
      "error.error": 'AI_APICallError: "limit"=1 reached',
    },
  });
});

test("1.15: values without quotes, JSON values, the message at the end", () => {
  const line = (rest: string) => parseLogLine(`INFO  2026-11-21T03:50:32 +88ms ${rest}`);
  expect(line("service=session.prompt session.id=ses_1 step=0 loop")).toEqual({
    at: Date.parse("2026-11-21T03:50:32Z"),
    level: "INFO",
    message: "loop",
    fields: { service: "session.prompt", "session.id": "ses_1", step: "0" },
  });
  expect(line("service=ripgrep url=https://example.com/a downloading ripgrep")).toMatchObject({
    message: "downloading ripgrep",
    fields: { url: "https://example.com/a" },
  });
  expect(line("service=plugin name= loading internal plugin")).toMatchObject({
    message: "loading internal plugin",
    fields: { name: "" },
  });
  expect(
    line(
      'service=permission permission=bash pattern=sleep 0.3 action={"permission":"*","action":"a } =\\" b"} evaluated',
    ),
  ).toMatchObject({
    message: "evaluated",
    fields: { permission: "bash", pattern: "sleep 0.3", action: '{"permission":"*","action":"a } =\\" b"}' },
  });
  expect(line("server event connected")).toMatchObject({ message: "server event connected", fields: {} });
});

test("1.15: milliseconds follow from the distances between the lines", () => {
  // Written at .950, +30 = .980, +40 = 1.020, +975 = 1.995, +10 = 2.005.
  const log = [
    "INFO  2026-01-01T00:00:00 +274ms service=default opencode",
    "INFO  2026-01-01T00:00:00 +30ms service=a one",
    "INFO  2026-01-01T00:00:01 +40ms service=b two",
    "    at a stack trace that is no line of the log",
    "INFO  2026-01-01T00:00:01 +975ms service=c three",
    "ERROR 2026-01-01T00:00:02 +10ms service=d four",
  ].join("\n");
  const times = parseLog(log).map(({ at }) => at - Date.parse("2026-01-01T00:00:00Z"));
  expect(times).toHaveLength(5);
  const truth = [950, 980, 1020, 1995, 2005];
  for (const [index, time] of times.entries()) {
    // The seconds leave room for the first line from .945 to .954.
    expect(Math.abs(time - (truth[index] ?? Number.NaN))).toBeLessThanOrEqual(5);
  }
  expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 30, 70, 1045, 1055]);
});

test("1.15: a second process begins anew", () => {
  const log = [
    "INFO  2026-01-01T00:00:05 +1ms service=a one",
    "INFO  2026-01-01T00:01:00 +200ms service=a two",
    "INFO  2026-01-01T00:01:01 +900ms service=a three",
  ].join("\n");
  const [one, two, three] = parseLog(log).map(({ at }) => at);
  expect(Math.floor((one ?? 0) / 1000)).toBe(Date.parse("2026-01-01T00:00:05Z") / 1000);
  expect(Math.floor((two ?? 0) / 1000)).toBe(Date.parse("2026-01-01T00:01:00Z") / 1000);
  expect((three ?? 0) - (two ?? 0)).toBe(900);
});

test("each time that was found lies in the second that its line names", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10_000 }),
      fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 30 }),
      (start, distances) => {
        let at = Date.parse("2026-01-01T00:00:00Z") + start;
        const written = distances.map((distance, index) => {
          if (index > 0) at += distance;
          return { at, line: `INFO  ${new Date(at).toISOString().slice(0, 19)} +${distance}ms service=x m` };
        });
        const found = parseLog(written.map(({ line }) => line).join("\n"));
        expect(found.map((line) => Math.floor(line.at / 1000))).toEqual(
          written.map((line) => Math.floor(line.at / 1000)),
        );
        for (let index = 1; index < written.length; index++) {
          expect((found[index]?.at ?? 0) - (found[index - 1]?.at ?? 0)).toBe(distances[index]);
        }
      },
    ),
  );
});

test("any text is survived", () => {
  const head = fc.constantFrom("", "timestamp=2026-01-01T00:00:00.000Z level=INFO ", "INFO  2026-01-01T00:00:00 +1ms ");
  const body = fc.string({
    unit: fc.constantFrom("a", "=", '"', "{", "}", "[", "\\", " ", "\n", "\r", "\0", "🎉"),
  });
  fc.assert(
    fc.property(head, fc.oneof(body, fc.string({ unit: anyCharacter })), (start, rest) => {
      for (const line of parseLog(start + rest)) expect(Number.isFinite(line.at)).toBe(true);
    }),
  );
  expect(parseLogLine("")).toBeUndefined();
  expect(parseLogLine("! permission requested: bash (echo); auto-rejecting")).toBeUndefined();
  expect(parseLogLine("INFO  9999-99-99T99:99:99 +1ms service=x y")).toBeUndefined();
  expect(parseLogLine("timestamp=yesterday level=INFO message=loop")).toBeUndefined();
});

test("names that objects have of themselves are only names", () => {
  const line = parseLogLine("timestamp=2026-01-01T00:00:00.000Z level=INFO message=m __proto__=x constructor=y");
  expect(Object.entries(line?.fields ?? {})).toEqual([
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
});
