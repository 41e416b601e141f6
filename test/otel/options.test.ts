import { expect, test } from "vitest";
import { environmentName } from "../../src/otel/options.js";

test.each(["production", "a", "dev_2-b", "x".repeat(40)])("%s is an environment", (name) => {
  expect(environmentName.safeParse(name).success).toBe(true);
});

test.each(["", "Prod", "a b", "langfuse", "langfuse-x", "x".repeat(41), "dev\n"])("%j is none", (name) => {
  expect(environmentName.safeParse(name).success).toBe(false);
});
