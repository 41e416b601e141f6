import { expect, test } from "vitest";
import { prepareConfig } from "../../../src/opencode/program/prepare-config.js";

/** A run's folder that says what was written there. */
function folder() {
  const written: string[] = [];
  return {
    written,
    write: async (name: string, text: string): Promise<string> => {
      written.push(text);
      return `/run/${name}`;
    },
  };
}

test("a request without wishes needs no configuration", async () => {
  const { written, ...rest } = folder();
  expect(await prepareConfig({}, rest, {})).toEqual({ configContent: null, agent: undefined });
  expect(written).toEqual([]);
});

test("a short system prompt stands in the configuration, a long one in a file of the run's folder", async () => {
  const { written, ...rest } = folder();
  const short = await prepareConfig({ systemPrompt: "Be brief." }, rest, {});
  expect(short.configContent).toContain("Be brief.");
  expect(written).toEqual([]);
  const text = "Be brief. ".repeat(100_000);
  const long = await prepareConfig({ systemPrompt: text }, rest, {});
  expect(written).toEqual([text]);
  expect(long.configContent).toContain("/run/system-prompt.txt");
  expect(long.agent).toBe(short.agent);
});
