import { expect, test } from "vitest";
import { classify } from "../../src/errors/classify.js";
import type { ErrorFacts } from "../../src/errors/error-facts.js";
import { last, turn } from "./turn-situations.js";

const cutOff = last({ finish: undefined, completed: false });
const deadline = { signal: "SIGTERM", by: "deadline", afterMs: 600_400 } as const;

test("a deadline while requests fail: the reason of the last one, also by itself", () => {
  const requestError: ErrorFacts = {
    code: "server_error",
    message: "Internal server error",
    retryable: true,
    evidence: "log",
    statusCode: 500,
  };
  const error = classify(turn({ lastAssistant: cutOff, process: deadline, requestError }));
  expect(error).toMatchObject({
    code: "timeout",
    limit: "turn",
    afterMs: 600_400,
    lastFailure: { code: "server_error", message: "Internal server error", statusCode: 500 },
    message:
      "The turn had no answer when its time was up; it was ended after 10m00s. A request had failed before: server_error, Internal server error",
  });
});

test("a deadline while a tool is at work: which, and for how long", () => {
  const running = [
    { tool: "bash", forMs: 590_000 },
    { tool: "read", forMs: 24 },
  ];
  const error = classify(turn({ lastAssistant: cutOff, process: deadline, running }));
  expect(error?.message).toBe(
    "The turn had no answer when its time was up; it was ended after 10m00s. bash had been at work for 9m50s, read had been at work for 24 ms.",
  );
  expect(error).not.toHaveProperty("lastFailure");
});

test("opencode that ends before there is a session could not begin; later, or with a good exit code, it is not known why", () => {
  const failed = (fields: object) =>
    classify(turn({ lastAssistant: null, process: { exitCode: 1, by: "other" }, ...fields }));
  expect(failed({})).toMatchObject({
    code: "start_failed",
    exitCode: 1,
    message:
      "opencode ended with exit code 1 before there was a session; it said nothing, and is perhaps not opencode.",
  });
  const stderr = "ENOTDIR: not a directory, mkdir '/data/opencode'\n   path: 1,\nerrno: -20\n\nBun v1.3.14\n";
  expect(failed({ stderr })).toMatchObject({
    code: "start_failed",
    retryable: false,
    stderr,
    message:
      "opencode ended with exit code 1 before there was a session: ENOTDIR: not a directory, mkdir '/data/opencode'",
  });
  expect(failed({ stderr: "a\nb\nc\nd" })?.message).toMatch(/session; its stderr says why\.$/);
  expect(failed({ sessionId: "ses_1" })).toMatchObject({ code: "unknown" });
  expect(failed({ process: { exitCode: 0, by: "other" } })).toMatchObject({ code: "unknown" });
});
