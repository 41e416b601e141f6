import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { modelNote, projectConfigFile } from "../../../src/opencode/cli/list-models.js";

const listed = ["opencode/free", ...[1, 2, 3, 4, 5, 6].map((n) => `acme/model-${n}`), "acme/small"];

test("a model that its provider does not have: those that it has, the likeliest first", () => {
  expect(modelNote("acme/smal", listed)).toBe(
    "opencode lists no model acme/smal. Did you mean acme/small? Of acme it also lists: acme/model-1, acme/model-2, acme/model-3, acme/model-4, acme/model-5 and 1 more.",
  );
});

test("a provider that opencode cannot use", () => {
  expect(modelNote("anthropic/claude", listed)).toBe(
    "opencode lists no model of a provider anthropic: that name is wrong, or the provider's key is not set. It lists models of: opencode, acme.",
  );
  expect(modelNote("acmee/small", listed)).toContain(" is not set. Did you mean acme/small? It lists");
  expect(modelNote("acne/huge-one", listed)).toContain(" is not set. Did you mean acme? It lists");
  expect(modelNote("acme/huge-one", listed)).toMatch(/huge-one\. Of acme it lists: acme\//);
  expect(modelNote("anthropic/claude", [])).toMatch(/ or the provider's key is not set\.$/);
});

test("a model that is listed was not the reason", () => {
  expect(modelNote("acme/small", listed)).toMatch(/^opencode does list the model acme\/small, so something/);
});

test("a configuration of the project's that opencode was not to read", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "project-config-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const below = join(folder, "src", "deep");
  await mkdir(below, { recursive: true });
  expect(projectConfigFile(below)).toBeUndefined();
  const config = join(folder, "opencode.jsonc");
  await writeFile(config, "{}");
  expect(projectConfigFile(below)).toBe(config);
  expect(projectConfigFile(below, config)).toBeUndefined();
  await mkdir(join(folder, "src", ".git"));
  expect(projectConfigFile(below)).toBeUndefined();
  expect(modelNote("own/model", listed, config)).toContain(
    ` ${config} was not read: projectConfig (--project-config) lets opencode read it.`,
  );
});
