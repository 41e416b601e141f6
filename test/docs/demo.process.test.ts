import { execa } from "execa";
import { expect, test } from "vitest";
import { demoHome, LOOK } from "../../examples/demo/look.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { loadFixture } from "../support/fixtures.js";
import { keepFixture } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";
import { REPOSITORY } from "./pages.js";

test("what the demo says at its end works in a clone, in any of its folders, and on the demo's session alone", async () => {
  const { root } = await temporaryStore();
  const env = { PATH: process.env.PATH ?? "", HOME: root, LOOPTRACE_HOME: root };
  await keepFixture(storePathsAt(root), "multistep@1.18.33");
  await keepFixture(storePathsAt(demoHome(env)), "plain-answer@1.18.33");
  const [show = "", step = "", report = ""] = LOOK;
  const cwd = `${REPOSITORY}/docs`;
  const shown = await execa(`${show} --json`, { shell: true, cwd, env, extendEnv: false });
  expect(JSON.parse(shown.stdout)).toMatchObject([
    { session: { id: loadFixture("plain-answer@1.18.33").session.info.id } },
  ]);
  expect(step).toMatch(/show 1 --step \d+$/);
  expect(report).toMatch(/report 1 --open$/);
});
