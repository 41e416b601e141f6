import { expect, test } from "vitest";
import { maskedProblem } from "../../src/agent/masked-problem.js";
import { ServerRequestError } from "../../src/errors/server-request-error.js";

const SECRET = "a-secret-of-the-caller";

test("words of causes are masked, also of the engine's own errors, and what can be enumerated stays that", async () => {
  const cause = new DOMException(`waited for ${SECRET}`, "TimeoutError");
  const problem = new ServerRequestError("prompt", cause, undefined);
  const before = Object.keys(problem);
  expect(await maskedProblem(problem, { masking: { secrets: [SECRET] } })).toBe(problem);
  expect(problem.message).toContain("waited for");
  expect([problem.message, problem.stack, cause.message].join()).not.toContain(SECRET);
  expect(Object.keys(problem)).toEqual(before);
});
