import { expect, test } from "vitest";
import { parseDuration, parseDurationOrNone, parseShortDuration } from "../../src/cli/parse-duration.js";
import {
  parseAmount,
  parseCount,
  parseCountFrom,
  parsePort,
  parseShare,
  parseTop,
} from "../../src/cli/parse-number.js";

test.each<[parse: (text: string) => unknown, text: string, value: unknown]>([
  [parseDuration, "90s", 90_000],
  [parseShortDuration, "500ms", 500],
  [parseDurationOrNone, "0", 0],
  [parseDurationOrNone, "2h", 7_200_000],
  [parseCountFrom(2), "2", 2],
  [parseTop, "3", 3],
  [parseTop, "file.json", "file.json"],
  [parseAmount, ".5", 0.5],
  [parseShare, "15%", 0.15],
  [parseShare, " 0.15 ", 0.15],
  [parsePort, "0", 0],
  [parsePort, "65535", 65_535],
])("%o reads %j", (parse, text, value) => {
  expect(parse(text)).toBe(value);
});

test.each<[parse: (text: string) => unknown, text: string, says: string]>([
  [parseDuration, "90", "the unit is missing.\nSay 90s, 90m or 90h"],
  [parseShortDuration, "soon", "this is no duration.\nSay 10ms, 10s or 10m"],
  [parseDurationOrNone, "-1s", "this is no duration."],
  [parseCountFrom(2), "1", "Give a whole number of 2 or more."],
  [parseCountFrom(2), "x", "Give a whole number of 2 or more."],
  [parseCount, "-1", "Give a whole number of 0 or more."],
  [parseTop, "0", "Give a whole number of 1 or more."],
  [parseAmount, "0", "Give an amount above 0, such as 0.5."],
  [parseShare, "100%", "Give a share between 0 and 100 %, such as 15% or 0.15."],
  [parseShare, "none", "Give a share between 0 and 100 %, such as 15% or 0.15."],
  [parsePort, "65536", "Give a port, 0 to 65535."],
])("%o refuses %j", (parse, text, says) => {
  expect(() => parse(text)).toThrow(says);
});
