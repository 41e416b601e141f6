import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { liveRun } from "../../src/follow/live-run.js";
import { langfuseAt } from "../support/destinations.js";
import { startReceiver } from "../support/receiver.js";
import { scriptedServer } from "../support/scripted-server.js";
import { turn } from "../support/scripted-turn.js";
import { temporaryStore } from "../support/temporary-store.js";
import { until } from "../support/until.js";

test("what a server's log says of a run counts, whatever stands before it in the log", async () => {
  const now = Date.now();
  const [created, asked] = [now + 10, now + 40];
  const messages = turn("1", now, { at: created, finish: "tool-calls" }, { at: now + 200, broken: true });
  const server = await scriptedServer({ ses_a: { directory: "/a", updated: now, messages } });
  server.busy.add("ses_a");
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const logPath = join(dirname(paths.root), "server.log");
  const before = `timestamp=${new Date(now).toISOString()} level=INFO message="${"ü€".repeat(2_000)}"\n`;
  const time = new Date(asked).toISOString();
  await writeFile(
    logPath,
    `${before}timestamp=${time} level=INFO run=1 message=stream providerID=p modelID=m session.id=ses_a small=false agent=build mode=primary\n`,
  );
  const over = liveRun(
    {
      ...{
        connection: { url: server.url },
        generation: 1,
        directory: "/a",
        version: Promise.resolve(null),
        mcpServers: [],
        sessionId: "ses_a",
        startedAt: now,
      },
      ...{ logPath, logFrom: Buffer.byteLength(before) },
    },
    { id: "run", attempt: 0, startedAt: now },
    { exporter: new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths }), masking: {} },
  );
  await until(() => receiver.spans().some(({ name }) => name === "llm-call-0"));
  await over();
  const call = receiver.spans().find(({ name }) => name === "llm-call-0");
  expect(Number(BigInt(call?.startTimeUnixNano ?? 0) / 1_000_000n)).toBe(asked);
});
