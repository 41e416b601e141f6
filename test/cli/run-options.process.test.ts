import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import stringWidth from "string-width";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadScenario, parseScenario } from "../provider/load-scenario.js";
import { cliEnvironment, looptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at, onlyOne } from "../support/fixtures.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { madeScenario } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";
import { warmOpenCode } from "../support/warm-opencode.js";
import { arrived } from "./arrived.js";
import { startMcpServer } from "./mcp-server.js";

allowColdStarts();

test("a subagent is nested on the wire, below a span of somebody else's, and a terminal sees the progress", async () => {
  await using bench = await warmOpenCode(await loadScenario("subagent"));
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const env = {
    ...cliEnvironment(bench),
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/api/public/otel`,
    OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Basic ${btoa("pk-lf-1:sk-lf-1")}`,
    TRACEPARENT: `00-${traceId}-b7ad6b7169203331-01`,
  };
  const argv = ["run", "--trace-name", "fruit", "How many fruits are listed? Let the worker find out."];
  const run = await looptrace(argv, { env, cwd: bench.workdir, columns: 60 });
  expect([run.code, run.stdout]).toEqual([0, "There are 3 fruits in the list.\n"]);

  const spans = arrived(receiver);
  // The title is asked for beside the first step.
  const own = spans.filter(({ name }) => name !== "other-call");
  expect(own.map(({ name, type, parent }) => [name, type, parent])).toEqual([
    ["opencode.loop", "agent", "b7ad6b7169203331"],
    ["loop.step-0", "span", "opencode.loop"],
    ["llm-call-0", "generation", "loop.step-0"],
    ["tool.task", "tool", "loop.step-0"],
    ["opencode.loop worker", "agent", "tool.task"],
    ["loop.step-0", "span", "opencode.loop worker"],
    ["llm-call-0", "generation", "loop.step-0"],
    ["tool.bash", "tool", "loop.step-0"],
    ["loop.step-1", "span", "opencode.loop worker"],
    ["llm-call-1", "generation", "loop.step-1"],
    ["loop.step-1", "span", "opencode.loop"],
    ["llm-call-1", "generation", "loop.step-1"],
  ]);
  for (const { span } of spans) {
    expect(span.traceId).toBe(traceId);
    expect(span.attributes[LangfuseOtelSpanAttributes.TRACE_NAME]).toBe("fruit");
  }
  const inner = at(own, 4);
  expect(inner.input).toEqual([{ role: "user", content: "Count the lines of fruit.txt and say the number." }]);
  expect(inner.output).toBe("fruit.txt has 3 lines.");
  expect(at(own, 3).output).toContain("fruit.txt has 3 lines.");

  const painted = run.stderr.split(/(?:\u001b\[\d+A)?\r\u001b\[(?:2K|J)/);
  expect(painted.length).toBeGreaterThan(5);
  // Before the server is there, then while the subagent works; what stays is the finished tree.
  expect(painted[1]).toMatch(/ starting opencode$/);
  expect(painted.some((frame) => /tool\.task.*[\s\S]*step \d · .*1 subagent/.test(frame))).toBe(true);
  // What follows it is painted anew only where sending takes a while.
  expect(painted.filter((frame) => /^ .*time.*\nopencode\.loop[\s\S]*tool\.bash[\s\S]*\n\n/.test(frame))).toHaveLength(
    1,
  );
  for (const line of painted.slice(0, -1).flatMap((frame) => frame.split("\n")))
    expect(stringWidth(line)).toBeLessThanOrEqual(60);
});

const tickets = parseScenario(
  JSON.stringify({
    name: "tickets",
    description: "A message from standard input, a tool of an MCP server, then a second turn.",
    prompts: ["any"],
    lanes: [
      {
        name: "main",
        replies: [
          { toolCalls: [{ id: "call_ticket", name: "tickets_lookup", arguments: { ticket: 7 } }] },
          { text: "Oil \u001b[31mthe door\u001b[0m." },
        ],
      },
    ],
  }),
  "tickets",
);

test("a system prompt, a tool server, a message from standard input, opencode's own options, a transcript", async () => {
  await using bench = await isolatedOpenCode(tickets);
  const server = await startMcpServer();
  onTestFinished(() => server.close());
  const message = "- look into ticket 7\n- say what to do\n";
  const options = ["--system", "Answer in one sentence.", "--log-dir", "logs", "--quiet"];
  const mcp = ["--mcp", `tickets=${server.url}`, "--mcp-header", "tickets=X-Key: open sesame"];
  const argv = ["run", ...options, ...mcp, "-", "--", "--title", "From outside"];
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const run = await looptrace(argv, { ...around, stdin: message });
  expect([run.code, run.stdout]).toEqual([0, "Oil the door.\n"]);
  // All went well.
  expect(run.stderr).toBe("");

  const { body } = at(
    bench.provider.requests.filter(({ title }) => !title),
    0,
  );
  expect(JSON.stringify(body)).toContain("Answer in one sentence.");
  expect(JSON.stringify(body)).toContain("tickets_lookup");
  expect(new Set(server.keys)).toEqual(new Set(["open sesame"]));

  const shown = await looptrace(["show", "--last", "--json"], around);
  const trace = onlyOne<{ session: { id: string }; loop: { input: unknown; steps: { tools: unknown }[] } }>(
    JSON.parse(shown.stdout),
  );
  expect(trace.session).toMatchObject({ title: "From outside" });
  expect(trace.loop.input).toEqual([{ role: "user", content: message }]);
  expect(trace.loop.steps[0]?.tools).toMatchObject([
    {
      ...{ name: "tickets_lookup", output: "Ticket 7: the door squeaks.", status: "completed" },
      ...{ origin: "mcp", server: "tickets" },
    },
  ]);

  expect(await readdir(join(bench.workdir, "logs"))).toEqual([`${trace.session.id}.txt`]);
  const transcript = await readFile(join(bench.workdir, "logs", `${trace.session.id}.txt`), "utf8");
  expect(transcript).toContain(`[User]\n${message}`);
  expect(transcript).toContain("[Tool Call] tickets_lookup\n");
  expect(transcript).toContain("[Tool Result]\nTicket 7: the door squeaks.\n");
  expect(transcript).toContain("[Response]\nOil the door.\n");
});

interface Turn {
  readonly loop: {
    readonly copied: boolean;
    readonly output: string;
    readonly notes: readonly string[];
    readonly steps: readonly { readonly tools: readonly object[] }[];
  };
}

/**
 * Two runs with a tool server of the project's configuration, whose name is not what tools are called by; the second
 * one forks the first.
 */
async function forked() {
  const server = await startMcpServer();
  onTestFinished(() => server.close());
  const turn = { usage: { input: 3000, cached: 0, output: 20, reasoning: 0 } };
  const replies = [
    { ...turn, toolCalls: [{ id: "call_ticket", name: "my_team_db_lookup", arguments: { ticket: 7 } }] },
    { ...turn, text: "First." },
    { ...turn, text: "Second." },
  ];
  const mcp = { "my_team.db": { type: "remote", url: server.url, enabled: true } };
  await using bench = await warmOpenCode({ ...madeScenario(replies), opencode: { mcp } });
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const json = async (argv: readonly string[], where = around) => JSON.parse((await looptrace(argv, where)).stdout);
  const first = await json(["run", "--json", "Look into ticket 7."]);
  // What is kept is all that there is once opencode cannot be asked any more.
  const later = {
    env: { ...around.env, OPENCODE_CONFIG: "", XDG_CONFIG_HOME: bench.tmpdir },
    cwd: bench.tmpdir,
  };
  const shown: readonly Turn[] = await json(["show", "--json", first.sessionId], later);
  const byServer = await json(["tools", first.sessionId, "--by-server", "--json"], later);
  const second = await json(["run", "--json", "--continue", "--fork", "Two."]);
  const shownFork: readonly Turn[] = await json(["show", "--json", second.sessionId]);
  return { first, shown, byServer, second, shownFork };
}

describe("a run and its fork", () => {
  let running: ReturnType<typeof forked> | undefined;
  /** The same for both tests; the first one waits for it. */
  const ran = (): ReturnType<typeof forked> => (running ??= forked());

  test("a tool server of the project's configuration, whose name is not what tools are called by", async () => {
    const { first, shown, byServer } = await ran();
    const seen = (traces: readonly Turn[]) => traces[0]?.loop.steps[0]?.tools;
    const right = [{ name: "my_team_db_lookup", status: "completed", origin: "mcp", server: "my_team.db" }];
    expect(seen(first.traces)).toMatchObject(right);
    expect(seen(shown)).toMatchObject(right);
    expect(byServer.tools).toMatchObject([{ name: "my_team.db", calls: 1 }]);
  });

  test("the turn that a fork copied is shown, and counted once", async () => {
    const { first, second, shownFork } = await ran();
    expect([first.text, second.text]).toEqual(["First.", "Second."]);
    expect(second.sessionId).not.toBe(first.sessionId);
    expect(second.traces).toHaveLength(1);
    expect(second.totals.usage.input).toBe(3000);
    expect(shownFork.map(({ loop }) => [loop.copied, loop.output])).toEqual([
      [true, "First."],
      [false, "Second."],
    ]);
    expect(at(shownFork, 0).loop.notes).toEqual([expect.stringContaining("A fork copied this turn")]);
  });
});
