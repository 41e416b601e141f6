import { expect, test } from "vitest";
import { parseLog } from "../../../src/opencode/read/log-line.js";
import {
  initialProgress,
  type Progress,
  type RunSign,
  reduceProgress,
} from "../../../src/opencode/request/progress.js";
import { readRunEvent } from "../../../src/opencode/schema/run-event.js";

const second = Date.parse("2026-01-01T00:00:00.000Z");

/** Lines of the log as 1.17 and 1.18 write them, one every 10 ms. */
function log(...lines: string[]): RunSign[] {
  const text = lines
    .map((line, index) => `timestamp=${new Date(second + 10 * index).toISOString()} level=INFO run=r ${line}`)
    .join("\n");
  return parseLog(text).map((line) => ({ from: "log", line }));
}

function withServers(sign: RunSign, mcpServers: readonly string[]): RunSign {
  return sign.from === "log" ? { ...sign, mcpServers } : sign;
}

function event(fields: Record<string, unknown>): RunSign {
  const read = readRunEvent(JSON.stringify({ timestamp: second, sessionID: "ses_root", ...fields }));
  if (!read) throw new Error(`not an event: ${JSON.stringify(fields)}`);
  return { from: "stream", event: read };
}

const part = { id: "prt_1", sessionID: "ses_root", messageID: "msg_1" };

function toolUse(tool: string, status: "completed" | "error"): RunSign {
  const time = { start: second, end: second + 5 };
  const state =
    status === "completed" ? { status, input: {}, output: "ok", time } : { status, input: {}, error: "no", time };
  return event({ type: "tool_use", part: { ...part, type: "tool", tool, callID: "c", state } });
}

function stepFinish(input: number, cost: number): RunSign {
  const tokens = { input, output: 7, reasoning: 2, cache: { read: 100, write: 50 } };
  return event({ type: "step_finish", part: { ...part, type: "step-finish", reason: "stop", tokens, cost } });
}

const after = (...evidence: RunSign[]): Progress => evidence.reduce(reduceProgress, initialProgress);

test("a request is waited for, then its answer streams", () => {
  const asked = log(
    "message=loop session.id=ses_root step=0",
    "message=stream session.id=ses_root small=true agent=title",
    "message=stream session.id=ses_root small=false agent=build",
  );
  expect(after(...asked.slice(0, 2))).toMatchObject({
    sessionId: "ses_root",
    step: 0,
    phase: { kind: "prompt", since: second },
  });
  expect(after(...asked).phase).toEqual({ kind: "waiting-for-model", since: second + 20 });
  expect(after(...asked, event({ type: "step_start" })).phase).toEqual({ kind: "streaming" });
});

test("what opencode does before its first request is told by its log", () => {
  const lines = log(
    "message=loading path=/repo/opencode.json",
    'message="creating instance" directory=/repo',
    "message=init",
    "message=loop session.id=ses_root step=0",
    'message="shell tool using shell" shell=/bin/bash',
    "message=stream session.id=ses_root small=true agent=title",
    "message=init count=1",
    "message=stream session.id=ses_root small=false",
  ).map((sign): RunSign => withServers(sign, ["tickets"]));
  const phases = lines.map((_, index) => after(...lines.slice(0, index + 1)).phase);
  const mcp = { kind: "mcp", since: second + 40, servers: ["tickets"] };
  expect(phases).toEqual([
    { kind: "starting" },
    ...Array.from({ length: 2 }, () => ({ kind: "loading", since: second + 10 })),
    { kind: "prompt", since: second + 30 },
    mcp,
    mcp,
    { kind: "prompt", since: second + 60 },
    { kind: "waiting-for-model", since: second + 70 },
  ]);
  // Without servers nothing is said of them.
  const none = lines.slice(0, 5).map((sign): RunSign => withServers(sign, []));
  expect(after(...none).phase).toEqual({ kind: "prompt", since: second + 30 });
});

test("a failed attempt is a retry, with its reason", () => {
  const evidence = log(
    "message=loop session.id=ses_root step=0",
    "message=stream session.id=ses_root small=false",
    'message="stream error" session.id=ses_root small=true error.error="about the title"',
    'message="stream error" session.id=ses_root small=false error.error="AI_APICallError: Rate limit reached"',
  );
  expect(after(...evidence)).toMatchObject({
    failedAttempts: 1,
    phase: { kind: "retrying", since: second + 30, reason: "AI_APICallError: Rate limit reached" },
  });
  // Also when the model has been asked again already.
  const again = after(
    ...evidence,
    ...log("message=loop session.id=ses_root step=0", "message=stream session.id=ses_root small=false"),
  );
  expect(again).toMatchObject({
    phase: { kind: "waiting-for-model" },
    lastFailure: { since: second + 30, reason: "AI_APICallError: Rate limit reached" },
  });
});

test("1.15 logs the request with the error: only the message is shown", () => {
  const error = JSON.stringify({
    error: {
      name: "AI_APICallError",
      requestBodyValues: { messages: [{ content: "private" }] },
      data: { error: { message: "Slow down" } },
    },
  });
  const lines = [
    "INFO  2026-01-01T00:00:00 +5ms service=session.prompt session.id=ses_root step=0 loop",
    "INFO  2026-01-01T00:00:00 +1ms service=llm session.id=ses_root small=false stream",
    `ERROR 2026-01-01T00:00:00 +9ms service=llm session.id=ses_root small=false error=${error} stream error`,
    'INFO  2026-01-01T00:00:00 +9ms service=permission permission=bash pattern=sleep 1 action={"permission":"*","action":"allow"} evaluated',
  ];
  const evidence = parseLog(lines.join("\n")).map((line): RunSign => ({ from: "log", line }));
  expect(after(...evidence.slice(0, 3)).phase).toMatchObject({ kind: "retrying", reason: "Slow down" });
  expect(after(...evidence).phase).toMatchObject({
    kind: "tools",
    running: [{ name: "bash", detail: "sleep 1" }],
  });
});

test("tools begin with their permission and end with their event", () => {
  const started = log(
    "message=loop session.id=ses_root step=0",
    "message=stream session.id=ses_root small=false",
    "message=evaluated permission=external_directory pattern=/x/* action.action=allow",
    "message=evaluated permission=edit pattern=a.txt action.action=allow",
    'message=evaluated permission=bash pattern="sleep 1" action.action=allow',
    "message=evaluated permission=read pattern=.env action.action=deny",
  );
  expect(after(...started).phase).toEqual({
    kind: "tools",
    running: [
      { name: "edit", detail: "a.txt", since: second + 30 },
      { name: "bash", detail: "sleep 1", since: second + 40 },
    ],
  });
  const progress = after(
    ...started,
    toolUse("write", "completed"),
    toolUse("bash", "error"),
    toolUse("glob", "completed"),
  );
  expect(progress).toMatchObject({ toolsDone: 3, toolsFailed: 1, phase: { kind: "tools", running: [] } });
});

test("one command line that is evaluated in pieces is one tool", () => {
  const at = new Date(second).toISOString();
  const lines = ["sleep 1", "echo hi"].map(
    (command) =>
      `timestamp=${at} level=INFO message=evaluated permission=bash pattern="${command}" action.action=allow`,
  );
  const evidence = parseLog(lines.join("\n")).map((line): RunSign => ({ from: "log", line }));
  expect(after(...evidence).phase).toMatchObject({ running: [{ name: "bash", detail: "sleep 1; echo hi" }] });
});

test("a subagent's requests and tools do not change the step of the session", () => {
  const evidence = log(
    "message=loop session.id=ses_root step=0",
    "message=created id=ses_root parentID=undefined",
    "message=stream session.id=ses_root small=false",
    "message=evaluated permission=task pattern=worker action.action=allow",
    "message=created id=ses_child parentID=ses_root",
    "message=loop session.id=ses_child step=0",
    "message=evaluated permission=read pattern=a.txt action.action=allow",
    "message=loop session.id=ses_child step=1",
    "message=stream session.id=ses_child small=false",
    'message="exiting loop" session.id=ses_child',
  );
  const running = (progress: Progress) =>
    progress.phase.kind === "tools" ? progress.phase.running.map(({ name }) => name) : [];
  expect(running(after(...evidence.slice(0, 8)))).toEqual(["task", "read"]);
  const progress = after(...evidence);
  expect(running(progress)).toEqual(["task"]);
  expect(progress).toMatchObject({ sessionId: "ses_root", step: 0, subagents: 1 });
});

test("a permission that nobody grants stays visible until the model is asked again", () => {
  const evidence = log(
    "message=loop session.id=ses_root step=0",
    'message=asking permission=external_directory patterns=[\\"/x/*\\"]',
    "message=evaluated permission=bash pattern=ls action.action=allow",
    "message=stream session.id=ses_root small=false",
  );
  const asking = { permission: "external_directory", since: second + 10 };
  expect(after(...evidence.slice(0, 3)).asking).toMatchObject(asking);
  expect(after(...evidence).asking).toBeNull();
});

test("tokens and cost add up, the last, empty iteration is no step", () => {
  const evidence = [
    ...log("message=loop session.id=ses_root step=0"),
    stepFinish(1000, 0.5),
    ...log("message=loop session.id=ses_root step=1"),
    stepFinish(200, 0.25),
    ...log("message=loop session.id=ses_root step=2", 'message="exiting loop" session.id=ses_root'),
  ];
  expect(after(...evidence)).toMatchObject({
    step: 1,
    phase: { kind: "finishing" },
    tokens: { input: 1200, output: 14, reasoning: 4, cacheRead: 200, cacheWrite: 100 },
    cost: 0.75,
  });
});

test("what says nothing new changes nothing", () => {
  const progress = after(...log("message=loop session.id=ses_root step=0"));
  for (const evidence of [
    ...log("message=init", "message=bootstrapping directory=/x"),
    event({ type: "step_start" }),
  ]) {
    if (evidence.from === "log") expect(reduceProgress(progress, evidence)).toBe(progress);
  }
  const error = event({ type: "error", error: { name: "APIError", data: { message: "no" } } });
  expect(reduceProgress(progress, error)).toBe(progress);
});

test("lines of the stream that are no events are left out", () => {
  for (const line of ["", "{", "text", '{"type":"step_start"}', '{"type":"new_kind","timestamp":1}', "null"]) {
    expect(readRunEvent(line)).toBeUndefined();
  }
});
