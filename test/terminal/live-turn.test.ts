import pc from "picocolors";
import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { initialProgress, type Phase, type Progress } from "../../src/opencode/request/progress.js";
import { readRunEventJson } from "../../src/opencode/schema/run-event.js";
import { afterEvent, afterProgress, type LiveTurn, liveTurn } from "../../src/terminal/live-turn.js";
import { paintFinished, paintLive } from "../../src/terminal/paint-live.js";
import { traceOf } from "../support/fixtures.js";

const colors = pc.createColors(false);
const start = 1_000_000;

/** A phase, or a piece of the stream, with its moment in ms after the start. */
type Sign = readonly [ms: number, told: { readonly phase: Phase; readonly more?: Partial<Progress> } | object];

function played(signs: readonly Sign[], turn: LiveTurn = liveTurn(start)): LiveTurn {
  return signs.reduce((before, [ms, told]) => {
    if ("phase" in told)
      return afterProgress(before, { ...initialProgress, ...told.more, phase: told.phase }, start + ms);
    const event = readRunEventJson({ timestamp: start + ms, sessionID: "ses_1", ...told });
    if (!event) throw new Error(`not an event: ${JSON.stringify(told)}`);
    return afterEvent(before, event);
  }, turn);
}

function painted(turn: LiveTurn, ms: number, size: { readonly width?: number; readonly height?: number } = {}): string {
  const { width = 80, height = 24 } = size;
  const context = { message: "Try the tools.", directory: "/repo", status: `${ms}ms  the end` };
  return paintLive(turn, { ...context, now: start + ms, width, height, colors }).join("\n");
}

const at = (ms: number): number => start + ms;
const waiting = (ms: number, step: number): Sign => [
  ms,
  { phase: { kind: "waiting-for-model", since: at(ms) }, more: { step } },
];
const tool = (message: string, name: string, time: readonly [number, number], state: object): Sign => {
  const times = { start: at(time[0]), end: at(time[1]) };
  const part = { id: `prt_${name}`, messageID: message, type: "tool", tool: name, callID: name };
  return [time[1], { type: "tool_use", part: { ...part, state: { status: "completed", time: times, ...state } } }];
};
const text = (message: string, ms: number, said: string): Sign => {
  const part = {
    id: `prt_${ms}`,
    messageID: message,
    type: "text",
    text: said,
    time: { start: at(ms - 1), end: at(ms) },
  };
  return [ms, { type: "text", part }];
};
const finish = (message: string, ms: number): Sign => {
  const tokens = { input: 100, output: 52, reasoning: 8, cache: { read: 2900, write: 0 } };
  const part = { id: `prt_f${ms}`, messageID: message, type: "step-finish", reason: "stop", tokens, cost: 0.003 };
  return [ms, { type: "step_finish", part }];
};

const STARTED: readonly Sign[] = [
  [0, { phase: { kind: "starting", since: at(0) } }],
  [2300, { phase: { kind: "loading", since: at(2300) } }],
  [2700, { phase: { kind: "prompt", since: at(2700) } }],
  [2710, { phase: { kind: "mcp", since: at(2710), servers: ["tickets", "b", "c", "d"] } }],
];
const ANSWERED: readonly Sign[] = [
  ...STARTED,
  waiting(6000, 0),
  [7000, { phase: { kind: "streaming", tail: "First the" }, more: { step: 0 } }],
  text("msg_1", 7300, "First the file."),
  tool("msg_1", "read", [7310, 7400], {
    status: "error",
    ...{ input: { filePath: "/repo/absent.txt" }, error: "File not found: /repo/absent.txt" },
  }),
  tool("msg_1", "bash", [7320, 7990], { input: { command: "npm test" }, output: "", metadata: { exit: 1 } }),
  finish("msg_1", 8000),
  waiting(8100, 1),
];

describe("a turn as it comes along", () => {
  test("before the model is asked: what opencode is at, and for how long", () => {
    expect(painted(liveTurn(start), 0)).toBe("    0ms  starting opencode");
    expect(painted(played(STARTED), 4000)).toBe(
      [
        "  2.30s  starting opencode",
        "  400ms  loading the project",
        "  1.29s  connecting MCP servers (tickets, b, c and 1 more)",
      ].join("\n"),
    );
  });

  test("an opencode that an earlier run left has not started", () => {
    const found: readonly Sign[] = [[20, { phase: { kind: "loading", since: at(20), isWarm: true } }]];
    expect(painted(played(found), 100).split("\n")).toEqual([
      "   20ms  using the opencode that an earlier run left",
      "   80ms  loading the project",
    ]);
    const asked = painted(played([...found, waiting(300, 0)]), 400, { width: 120 });
    expect(asked).toContain("using the opencode that an earlier run left, ready in 300ms: loading 280ms\n");
  });

  test("opencode's start counts from where its trace counts it; what looptrace takes before is named", () => {
    const turn = played([
      [1100, { phase: { kind: "starting", since: at(1060) } }],
      [4100, { phase: { kind: "loading", since: at(4080) } }],
      waiting(4500, 0),
    ]);
    const said = "started in 4.50s: looptrace itself 1.06s, starting 3.02s, loading 420ms\n";
    expect(painted(turn, 4600, { width: 120 })).toContain(said);
  });

  test("then its tree, as far as it is", () => {
    const signs = [...ANSWERED.slice(0, 6), [8500, { phase: { kind: "tools", running: [] } }] as const];
    const running = [{ name: "bash", detail: "npm\ntest", since: at(7320) }];
    const turn = played([...signs, [8500, { phase: { kind: "tools", running }, more: { step: 0 } }]]);
    expect(`${painted(turn, 8520)}\n`).toMatchInlineSnapshot(`
      "started in 6.00s: starting 2.30s, loading 400ms, mcp (tickets, b, c and 1 more)…
                         time
      opencode.loop     2.52s  “Try the tools.”
      └─ loop.step-0    2.52s
         ├─ llm-call-0  1.32s
         └─ tool.bash   1.20s  npm test
      8520ms  the end
      "
    `);
    expect(`${painted(played(ANSWERED), 9000, { width: 120 })}\n`).toMatchInlineSnapshot(`
      "started in 6.00s: starting 2.30s, loading 400ms, mcp (tickets, b, c and 1 more) 3.29s
                         time     in  cached  out  think      cost  0               3.00s
      opencode.loop     3.00s                             $0.00300  ─────────────────────  “Try the tools.”
      ├─ loop.step-0    2.00s                                       ──────────────
      │  ├─ llm-call-0  1.30s  3,000   2,900   52      8  $0.00300  █████████              “First the file.” · → read, bash
      │  ├─ tool.read    90ms                                                !             absent.txt: File not found
      │  └─ tool.bash   670ms                                                ▓▓▓▓!         npm test: exit 1
      └─ loop.step-1    900ms                                                     ───────
         └─ llm-call-1  900ms                                                     ███████  waiting for the model
      9000ms  the end
      "
    `);
  });

  test("a request that failed has a row, and the next one is waited for", () => {
    const lastFailure = { since: at(6500), reason: "AI_APICallError: Overloaded\u001b[2J" };
    const failed = { failedAttempts: 1, lastFailure, step: 0 };
    const turn = played([
      ...STARTED,
      waiting(6000, 0),
      [6500, { phase: { kind: "retrying", ...lastFailure }, more: failed }],
      [6900, { phase: { kind: "waiting-for-model", since: at(6900) }, more: failed }],
    ]);
    const lines = painted(turn, 7000).split("\n");
    expect(lines.filter((line) => line.includes("retry"))).toEqual([expect.stringMatching(/Overloaded$/)]);
    expect(lines.find((line) => line.includes("llm-call-0"))).toMatch(/100ms {2}waiting for the model$/);
  });

  test("of a tall tree a screen shows the end, and says how much is above", () => {
    const signs = Array.from({ length: 400 }, (_, step): readonly Sign[] => [
      waiting(6000 + 10 * step, step),
      text(`msg_${step}`, 6004 + 10 * step, "On."),
      finish(`msg_${step}`, 6009 + 10 * step),
    ]);
    const lines = painted(played([...STARTED, ...signs.flat()]), 12_000, { height: 12 }).split("\n");
    expect(lines).toHaveLength(12);
    expect(lines[3]).toBe("793 rows above");
    expect(lines.at(-2)).toMatch(/llm-call-399/);
  });

  test.each([20, 40, 80, 200])("at %i columns no line is too wide, and nothing steers the terminal", (width) => {
    const nasty = "\u001b]0;x\u0007漢字\u202e\u009b2J\r\n👩‍👩‍👧";
    const running = [{ name: nasty, detail: nasty, since: at(9000) }];
    const turn = played([
      [0, { phase: { kind: "mcp", since: at(0), servers: [nasty.repeat(9)] } }],
      waiting(6000, 0),
      text("msg_1", 7000, nasty.repeat(30)),
      tool("msg_1", nasty, [7310, 7400], { status: "error", input: { command: nasty }, error: nasty }),
      [9000, { phase: { kind: "tools", running }, more: { step: 0 } }],
    ]);
    for (const line of [
      ...painted(turn, 9500, { width }).split("\n"),
      ...painted(played([[0, { phase: { kind: "mcp", since: at(0), servers: [nasty] } }]]), 9, { width }).split("\n"),
    ]) {
      expect(stringWidth(line)).toBeLessThanOrEqual(width);
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
  });
});

test("what is left of it is the finished tree, unless it is very tall", () => {
  const trace = traceOf("failing-tool@1.18.33");
  const lines = paintFinished(trace, { width: 80, colors });
  expect(lines[1]).toMatch(/^opencode\.loop/);
  expect(lines.some((line) => line.endsWith(": exit 3"))).toBe(true);
  const [step] = trace.loop.steps;
  const steps = Array.from({ length: 80 }, () => step).filter((one) => one !== undefined);
  expect(paintFinished({ ...trace, loop: { ...trace.loop, steps } }, { width: 80, colors })).toEqual([]);
});

test("rows of what subagents are at stand below the tools that started them", () => {
  const inside = [
    {
      ...{ sessionId: "ses_a", title: "Review the\u001b[2J fix (@reviewer subagent)" },
      progress: {
        ...{ ...initialProgress, step: 1, toolsDone: 2 },
        phase: { kind: "tools", running: [{ name: "bash", detail: "npm test", since: at(5000) }] },
      },
    },
    {
      sessionId: "ses_b",
      title: "Look around",
      progress: { ...initialProgress, step: 0, phase: { kind: "streaming" } },
    },
  ] as const;
  const running = ["task", "read", "task"].map((name) => ({ name, detail: `a ${name}`, since: at(4000) }));
  const turn = played([
    ...STARTED,
    waiting(3000, 0),
    [4000, { phase: { kind: "tools", running }, more: { step: 0, inside } }],
  ]);
  const rows = painted(turn, 6000, { width: 100 }).split("\n").slice(2, -1);
  expect(rows.map((row) => row.replace(/ {2,}/g, "  "))).toEqual([
    expect.stringMatching(/^opencode\.loop /),
    expect.stringMatching(/^└─ loop\.step-0 /),
    expect.stringMatching(/^ {2}├─ llm-call-0 /),
    expect.stringMatching(/^ {2}├─ tool\.task .*a task$/),
    expect.stringMatching(/^ {2}│ {2}└─ opencode\.loop .*2 tools done · Review the fix \(@reviewer/),
    expect.stringMatching(/^ {2}│ {2}└─ loop\.step-1/),
    expect.stringMatching(/^ {2}│ {2}└─ tool\.bash .*npm test$/),
    expect.stringMatching(/^ {2}├─ tool\.read .*a read$/),
    expect.stringMatching(/^ {2}└─ tool\.task .*a task$/),
    expect.stringMatching(/^ {2}└─ opencode\.loop .*Look around$/),
    expect.stringMatching(/^ {2}└─ loop\.step-0/),
    expect.stringMatching(/^ {2}└─ llm-call-0/),
  ]);
  for (const width of [20, 80])
    for (const row of painted(turn, 6000, { width }).split("\n")) expect(stringWidth(row)).toBeLessThanOrEqual(width);
});
