import { expect, test } from "vitest";
import { warmth, warmthInEnvironment, warmthOf } from "../../../src/opencode/warm/warmth.js";

const MINUTE = 60_000;

test.each<[what: string, said: number | undefined, environment: Record<string, string>, ms: number]>([
  ["nothing", undefined, {}, 10 * MINUTE],
  ["a flag", 5_000, {}, 5_000],
  ["the environment", undefined, { LOOPTRACE_WARM: "2m" }, 2 * MINUTE],
  ["the environment, none", undefined, { LOOPTRACE_WARM: "0" }, 0],
  ["a flag against the environment", 5_000, { LOOPTRACE_WARM: "0" }, 5_000],
  ["a CI", undefined, { CI: "true" }, 0],
  ["what is no CI", undefined, { CI: "false" }, 10 * MINUTE],
  ["a CI that wants it", undefined, { CI: "1", LOOPTRACE_WARM: "1m" }, MINUTE],
  ["a flag in a CI", 5_000, { CI: "1" }, 5_000],
  ["a run in another run", 5_000, { LOOPTRACE_RUN_ID: "a" }, 0],
  ["a step of a trace", 5_000, { TRACEPARENT: "00-1-1-01" }, 0],
  ["a path that is another one in each directory", 5_000, { OPENCODE_CONFIG: "opencode.json" }, 0],
  ["a path that is not", 5_000, { OPENCODE_CONFIG: "/repo/opencode.json" }, 5_000],
  ["what is no time", Number.NaN, {}, 0],
])("%s says how long a server stays", (_, said, environment, ms) => {
  expect(warmthOf(said, environment)).toBe(ms);
});

test.each<[said: number | undefined, environment: Record<string, string>, why: string | undefined]>([
  [undefined, {}, undefined],
  [0, {}, "none is to stay: --cold or warm 0 says so"],
  [0, { LOOPTRACE_WARM: "1h" }, "none is to stay: --cold or warm 0 says so"],
  [0, { LOOPTRACE_WARM: "0" }, "none is to stay: LOOPTRACE_WARM says so"],
  [undefined, { CI: "1" }, "none is to stay: CI is set"],
  [1, { TRACEPARENT: "00-1-1-01" }, "the variable TRACEPARENT says that this is part of another run"],
  [1, { OPENCODE_DB: "x.db" }, "the variable OPENCODE_DB means another file in each directory"],
])("why no server stays with %s and %o is said in words", (said, environment, why) => {
  expect(warmth(said, environment).whyNone).toBe(why);
});

test("what LOOPTRACE_WARM cannot mean is said, with what it can", () => {
  expect(() => warmthInEnvironment({ LOOPTRACE_WARM: "ten" })).toThrow(
    /LOOPTRACE_WARM is "ten": .*0 leaves no server\.$/s,
  );
});
