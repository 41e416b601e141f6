import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { nextTurnOf } from "../../examples/library/follow-server.js";
import { lookAtExports } from "../../examples/library/look-at-export.js";
import { manyTasks } from "../../examples/library/many-tasks.js";
import { runAndSend } from "../../examples/library/run-and-send.js";
import { storePaths } from "../../src/files/store-paths.js";
import { connect } from "../../src/opencode/server.js";
import { cliEnvironment } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { openSession } from "../support/play-on-server.js";
import { answer, madeScenario } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";
import { warmOpenCode } from "../support/warm-opencode.js";

beforeEach(() => {
  // What the examples say to a person.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

afterEach(() => vi.restoreAllMocks());

test("run-and-send: the answer is there, and the trace where the environment says", async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  await using bench = await warmOpenCode(madeScenario([answer]));
  const environment = cliEnvironment(bench, receiver);
  const store = storePaths(environment);
  expect(await runAndSend("Go.", { environment, directory: bench.workdir, store })).toBe("Done.");
  expect(receiver.spans().map(({ name }) => name)).toContain("opencode.loop");
});

test("look-at-export: what two exports tell, and a page of the first", async () => {
  await using bench = await warmOpenCode(madeScenario([]));
  const [first, second, page] = ["a.json", "b.json", "page.html"].map((name) => join(bench.workdir, name));
  await writeFile(first ?? "", loadFixture("multistep@1.18.33").text);
  await writeFile(second ?? "", loadFixture("failing-tool@1.18.33").text);
  const seen = await lookAtExports(first ?? "", second ?? "", page ?? "");
  expect(seen.spans.filter((name) => name === "opencode.loop")).toHaveLength(1);
  expect(seen.broken.map(({ budget }) => budget)).not.toContain("no-errors");
  expect(seen.figures.length).toBeGreaterThan(5);
  expect(await readFile(page ?? "", "utf8")).toContain("<title>Two exports</title>");
});

test("many-tasks: each has its result, once", async () => {
  await using bench = await warmOpenCode(madeScenario([answer, answer]));
  const environment = cliEnvironment(bench);
  const options = { environment, directory: bench.workdir, store: storePaths(environment) };
  const results = join(bench.workdir, "results.jsonl");
  expect(await manyTasks('"One."\n"Two."', results, options)).toMatchObject({ done: 2, failed: {} });
  expect(await manyTasks('"One."\n"Two."', results, options)).toMatchObject({ done: 0, failed: {} });
});

test("follow-server: a turn that another program runs is traced when it is over", async () => {
  await using bench = await warmOpenCode(madeScenario([answer]));
  const store = storePaths(cliEnvironment(bench));
  const { url, password } = bench.server;
  const client = await connect({ url, password }, bench.workdir);
  const sessionID = await openSession(client);
  const following = nextTurnOf({
    ...{ url, password, directory: bench.workdir, store },
    onConnected: () => {
      void client.session.prompt({ sessionID, parts: [{ type: "text", text: "Go." }] });
    },
  });
  expect(await following).toMatchObject({ session: { id: sessionID }, loop: { outcome: "completed" } });
});
