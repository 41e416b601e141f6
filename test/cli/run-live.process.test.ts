import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { LoopTrace } from "../../src/trace/model.js";
import { cliEnvironment, looptrace, startLooptrace, violationsOf } from "../support/cli.js";
import { answer, madeScenario, refused, usage } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";
import { until } from "../support/until.js";
import { warmOpenCode } from "../support/warm-opencode.js";
import { eventsIn, spansIn } from "../trace/walk-trace.js";

const bash = (id: string, command: string) => ({
  delayMs: 20,
  text: `I run ${id}.`,
  toolCalls: [{ id, name: "bash", arguments: { command, description: "Runs" } }],
  usage,
});

/** The second step's tool has no end before the test says so, and a request fails on the way. */
const scenario = madeScenario([
  refused(429, "Rate limit reached", {}, { "retry-after-ms": "200" }),
  bash("call_0", "echo one"),
  bash("call_1", "until [ -e go ]; do sleep 0.1; done"),
  answer,
]);

test("what is closed goes out while the run is at work, with the ids and times that its trace has in the end, once", async () => {
  const bench = await warmOpenCode(scenario);
  onTestFinished(() => bench.remove());
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };
  const program = startLooptrace(["run", "--live", "--json", "Go."], around);
  await until(() => receiver.spans().some(({ name }) => name === "llm-call-0"), program);
  const early = receiver.spans().map(({ name }) => name);
  expect(early).toContain("retry");
  expect(early).not.toContain("opencode.loop");
  await writeFile(join(bench.workdir, "go"), "");
  const { code, stdout } = await program.ended;
  expect(code).toBe(0);
  const { traces, delivery }: { traces: readonly LoopTrace[]; delivery: readonly { alreadyAcknowledged: number }[] } =
    JSON.parse(stdout);
  const all = traces.flatMap(({ loop }) => [
    ...spansIn(loop).map(({ spanId, start }) => `${spanId} ${start}`),
    ...eventsIn(loop).map(({ spanId, at }) => `${spanId} ${at}`),
  ]);
  const wired = receiver
    .spans()
    .map(({ spanId, startTimeUnixNano }) => `${spanId} ${BigInt(startTimeUnixNano) / 1_000_000n}`);
  expect(wired.sort()).toEqual(all.sort());
  expect(delivery).toMatchObject([{ alreadyAcknowledged: expect.any(Number), pending: { spans: 0 } }]);
  const [{ alreadyAcknowledged = 0 } = {}] = delivery;
  expect(alreadyAcknowledged).toBeGreaterThanOrEqual(early.length);
  expect(violationsOf(receiver)).toEqual([]);
});

test("the driver cli cannot", async () => {
  const bench = await warmOpenCode(scenario);
  onTestFinished(() => bench.remove());
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const { code, stderr } = await looptrace(["run", "--live", "--driver", "cli", "Go."], around);
  expect([code, bench.provider.requests]).toEqual([2, []]);
  expect(stderr).toContain("looptrace: --live needs the driver server: `opencode run` cannot");
});
