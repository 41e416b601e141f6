import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { builtHelp, helpText } from "../../src/cli/help-sheet.js";
import { helpSheet } from "../../src/cli/write-help-sheet.js";
import { looptrace } from "../support/cli.js";

test("what is built of --help is what the program says", async () => {
  const sheet = helpSheet();
  const around = { env: {}, cwd: tmpdir() };
  for (const columns of [80, 93, 100])
    expect((await looptrace(["--help"], { ...around, columns })).stdout).toBe(helpText(sheet, columns));
  expect((await looptrace(["--help"], around)).stdout).toBe(helpText(sheet, 80));
  expect(helpText(sheet, 93)).not.toBe(helpText(sheet, 80));
  expect([helpText(sheet, 79), helpText(sheet, 101)]).toEqual([undefined, undefined]);
});

test("there is none beside the sources: it might be an old one", () => {
  expect(builtHelp(80)).toBeUndefined();
});
