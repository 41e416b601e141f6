import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { demoHome, lookCommands } from "../../examples/demo/look.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { keepFixture, keptAt } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";
import { REPOSITORY } from "./pages.js";

test("what the demo says at its end works in a clone, in any of its folders, and on the demo's session alone", async () => {
  const { root } = await temporaryStore();
  const env = { PATH: process.env.PATH ?? "", HOME: root, LOOPTRACE_HOME: root };
  const cwd = join(REPOSITORY, "docs");
  const run = (command: string) => execa(command, { shell: true, cwd, env, extendEnv: false, reject: false });
  const home = demoHome(env);
  await keepFixture(storePathsAt(root), "multistep@1.18.33");
  await keptAt(storePathsAt(home), await keepFixture(storePathsAt(home), "plain-answer@1.18.33"), 1);
  expect((await run("npm run -s demo -- ls")).exitCode).toBe(0);

  // A second demo: numbers are those of the list before it.
  const id = await keepFixture(storePathsAt(home), "failing-tool@1.18.33");
  const [show = "", step = "", report = ""] = await lookCommands(home, id);
  const [shown, stepped, reported, refused] = await Promise.all([
    run(`${show} --json`),
    run(step),
    run(report.replace(" --open", " --json")),
    run("npm run -s demo -- run 'Say hello.'"),
  ]);
  expect(JSON.parse(shown.stdout)).toMatchObject([{ session: { id } }]);
  expect([stepped.exitCode, reported.exitCode]).toEqual([0, 0]);
  // The clone stays as it is.
  const [page = ""] = await readdir(join(home, "reports"));
  expect(JSON.parse(reported.stdout)).toMatchObject({ file: join(home, "reports", page) });
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toBe(
    'looptrace: The demo only shows what it has kept, with ls, show, tokens, tools, stats, context, advise, wire, diff, report, view; "run" is none of these.',
  );
});
