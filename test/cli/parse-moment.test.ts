import { describe, expect, test } from "vitest";
import { calendarOf } from "../../src/analysis/stats/calendar.js";
import { momentOf } from "../../src/cli/parse-moment.js";

const calendar = calendarOf("America/New_York");

describe("the ends of a span of time", () => {
  test.each([
    ["2026-11-01", "2026-11-01T04:00Z", "2026-11-02T05:00Z"],
    ["2026-12-01T14:30", "2026-12-01T19:30Z"],
    ["2026-12-01 14:30:05.5", "2026-12-01T19:30:05.500Z"],
    // Clocks show it twice.
    ["2026-11-01T01:30", "2026-11-01T05:30Z"],
    ["2026-12-01T14:30Z", "2026-12-01T14:30Z"],
    ["2026-12-01t14:30z", "2026-12-01T14:30Z"],
    ["2026-12-01T14:30+01:00", "2026-12-01T13:30Z"],
    ["2026-12-01 14:30 -0330", "2026-12-01T18:00Z"],
  ])("%s", (text, since, until = since) => {
    expect(momentOf("--since", text, calendar)).toBe(Date.parse(since));
    expect(momentOf("--until", text, calendar)).toBe(Date.parse(until));
  });

  test.each([
    ["--since", "2026-11", "Say --since 2026-11-01."],
    ["--until", "2026-11", "Say --until 2026-11-30."],
    ["--until", "2028-02", "Say --until 2028-02-29."],
    ["--until", "2026-12", "Say --until 2026-12-31."],
    ["--since", "2026-13", "a date such as"],
    ["--since", "2026-02-30T10:00", "a date such as"],
    ["--since", "2026-02-30T10:00Z", "a date such as"],
    ["--since", "2026-11-01T25:00", "a date such as"],
    ["--since", "2026-11-01T10:00 EST", "a date such as"],
  ] as const)("%s %s is refused", (flag, text, said) => {
    expect(() => momentOf(flag, text, calendar)).toThrow(said);
  });
});
