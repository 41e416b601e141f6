import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { demoHome, lookAtDemo, lookCommands } from "../../examples/demo/look.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { inTerminal } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { keepFixture, keptAt } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";
import { REPOSITORY } from "./pages.js";

allowColdStarts();

test("what the demo says at its end works in a clone, in any of its folders, and on the demo's session alone", async () => {
  const { root } = await temporaryStore();
  const env = { PATH: process.env.PATH ?? "", HOME: root, LOOPTRACE_HOME: root };
  const cwd = join(REPOSITORY, "docs");
  const npm = (command: string) => execa(command, { shell: true, cwd, env, extendEnv: false, reject: false });
  // npm passes the words on, and starts the demo; all else it does here.
  const look = (command: string) => {
    const [, words = ""] = /^npm run -s demo -- (.+)$/.exec(command) ?? [];
    return inTerminal({ env: { ...env, INIT_CWD: cwd }, cwd: REPOSITORY }, (terminal) =>
      lookAtDemo(words.split(" "), terminal),
    );
  };
  const home = demoHome(env);
  await keepFixture(storePathsAt(root), "multistep@1.18.33");
  await keptAt(storePathsAt(home), await keepFixture(storePathsAt(home), "plain-answer@1.18.33"), 1);
  expect((await look("npm run -s demo -- ls")).code).toBe(0);

  // A second demo: numbers are those of the list before it.
  const id = await keepFixture(storePathsAt(home), "failing-tool@1.18.33");
  const [show = "", step = "", report = ""] = await lookCommands(home, id);
  const [shown, refused] = await Promise.all([npm(`${show} --json`), npm("npm run -s demo -- run 'Say hello.'")]);
  expect([shown.exitCode, JSON.parse(shown.stdout)]).toMatchObject([0, [{ session: { id } }]]);
  const stepped = await look(step);
  const reported = await look(report.replace(" --open", " --json"));
  expect([stepped.code, reported.code]).toEqual([0, 0]);
  // The clone stays as it is.
  const [page = ""] = await readdir(join(home, "reports"));
  expect(JSON.parse(reported.stdout)).toMatchObject({ file: join(home, "reports", page) });
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toBe(
    'looptrace: The demo only shows what it has kept, with ls, show, tokens, tools, stats, context, advise, wire, diff, report, view; "run" is none of these.',
  );
});
