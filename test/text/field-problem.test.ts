import { expect, test } from "vitest";
import { z } from "zod";
import { fieldProblem, wholeNumber } from "../../src/text/field-problem.js";

const WORDS = { whole: "it", either: { either: "this or that" }, otherwise: "of another kind" };

const schema = z.object({
  driver: z.enum(["auto", "cli", "server"]).optional(),
  off: z.literal(false).optional(),
  steps: wholeNumber(1).optional(),
  cost: z.number().positive().optional(),
  either: z.union([z.boolean(), wholeNumber(2)]).optional(),
});

test.each([
  [{ driver: "servr" }, "driver must be auto, cli or server"],
  [{ off: true }, "off must be false"],
  [{ steps: "3" }, "steps must be a whole number"],
  [{ steps: 1.5 }, "steps must be a whole number"],
  [{ steps: 0 }, "steps must be at least 1"],
  [{ cost: "3" }, "cost must be a number"],
  [{ cost: 0 }, "cost must be more than 0"],
  [{ either: "x" }, "either must be this or that"],
  [[], "it must be an object in { }"],
])("%j: %s", (value, problem) => {
  const problems = schema.safeParse(value).error?.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") throw new Error("no name is unknown here");
    return fieldProblem(issue, WORDS);
  });
  expect(problems).toEqual([problem]);
});
