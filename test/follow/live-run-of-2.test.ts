import { expect, onTestFinished, test } from "vitest";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { liveRun } from "../../src/follow/live-run.js";
import { langfuseAt } from "../support/destinations.js";
import { standIn } from "../support/opencode2-turn.js";
import type { Turn, TurnTool } from "../support/opencode2-turns.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

const tool: TurnTool = { name: "shell", input: { command: "make" }, output: "made" };
const turn: Turn = {
  steps: [
    { text: "I make it.", tools: [tool] },
    { text: "It is", hangs: true },
  ],
};

test.each([false, true])(
  "what is closed of a turn on opencode 2 goes out while it runs, events that broke off or not: %s",
  async (cuts) => {
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const exporter = new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths: await temporaryStore() });
    const { run, server } = await standIn({ turns: [turn] });
    const caller = new AbortController();
    const names = (): readonly string[] => receiver.spans().map(({ name }) => name);
    const running = run(
      {},
      {
        signal: caller.signal,
        onEvent: ({ type }) => cuts && type === "tool_use" && server.cut(),
        onServed: (served) => {
          const atWork = { id: "run", attempt: 0, startedAt: served.startedAt };
          return liveRun(served, atWork, { exporter, masking: {} });
        },
      },
    );
    await expect.poll(names).toContain("llm-call-0");
    expect(names().filter((name) => name.endsWith("shell"))).toHaveLength(1);
    caller.abort();
    await running;
    expect(names().filter((name) => name === "llm-call-0")).toHaveLength(1);
  },
);
