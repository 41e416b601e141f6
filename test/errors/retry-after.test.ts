import { describe, expect, it } from "vitest";
import { readRetryAfter } from "../../src/errors/retry-after.js";
import { AT } from "./turn-situations.js";

const DAY = 86_400_000;

describe("readRetryAfter", () => {
  it.each([
    ["milliseconds", { "retry-after-ms": "1500" }, 1_500, "retry-after-ms"],
    ["milliseconds before seconds", { "retry-after": "9", "retry-after-ms": "1500" }, 1_500, "retry-after-ms"],
    ["parts of a millisecond, rounded up", { "retry-after-ms": "0.2" }, 1, "retry-after-ms"],
    ["seconds", { "retry-after": "20" }, 20_000, "retry-after"],
    ["parts of a second", { "retry-after": " 1.5 " }, 1_500, "retry-after"],
    ["seconds as a number", { "retry-after": 3 }, 3_000, "retry-after"],
    ["any case of the name", { "Retry-After": "7" }, 7_000, "retry-after"],
    ["an HTTP date", { "retry-after": "Sat, 21 Nov 2026 14:03:20 GMT" }, 60_000, "retry-after"],
    ["a date of RFC 850", { "retry-after": "Saturday, 21-Nov-26 14:03:20 GMT" }, 60_000, "retry-after"],
    ["a date of asctime, which has no zone", { "retry-after": "Sat Nov 21 14:03:20 2026" }, 60_000, "retry-after"],
    ["an ISO date", { "retry-after": "2026-11-21T15:03:20+01:00" }, 60_000, "retry-after"],
    [
      "unreadable milliseconds beside good seconds",
      { "retry-after-ms": "soon", "retry-after": "4" },
      4_000,
      "retry-after",
    ],
    ["exactly a day", { "retry-after": "86400" }, DAY, "retry-after"],
  ] as const)("reads %s", (_form, headers, delayMs, source) => {
    expect(readRetryAfter(headers, AT)).toEqual({ delayMs, source, bounded: false });
  });

  it("reads the RetryInfo of a body where the headers say nothing", () => {
    expect(readRetryAfter({}, AT, "26.5s")).toEqual({
      delayMs: 26_500,
      source: "retry-info",
      bounded: false,
    });
    expect(readRetryAfter({ "retry-after": "1" }, AT, "26s")).toMatchObject({ delayMs: 1_000 });
  });

  it.each([
    ["negative seconds", { "retry-after": "-5" }, 0, "retry-after"],
    ["a date that is over", { "retry-after": "Sat, 21 Nov 2026 13:00:00 GMT" }, 0, "retry-after"],
    ["two days", { "retry-after": "172800" }, DAY, "retry-after"],
    ["more digits than a number has", { "retry-after-ms": "9".repeat(400) }, DAY, "retry-after-ms"],
    ["NaN", { "retry-after": "NaN" }, 60_000, "default"],
    ["Infinity", { "retry-after-ms": "Infinity" }, 60_000, "default"],
    ["words that Date.parse takes for a day", { "retry-after": "5 apples" }, 60_000, "default"],
    ["a date that is none", { "retry-after": "Sat, 99 Nov 2026 99:00:00 GMT" }, 60_000, "default"],
  ] as const)("bounds %s and says so", (_form, headers, delayMs, source) => {
    expect(readRetryAfter(headers, AT)).toEqual({ delayMs, source, bounded: true });
  });

  it.each([[undefined], [null], ["retry-after: 5"], [[]], [{}], [{ "retry-after": "" }], [{ "retry-after": {} }]])(
    "finds nothing in %j",
    (headers) => {
      expect(readRetryAfter(headers, AT)).toBeNull();
    },
  );
});
