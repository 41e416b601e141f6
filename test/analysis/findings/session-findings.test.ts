import { describe, expect, test } from "vitest";
import { dearestFinding } from "../../../src/analysis/findings/dearest.js";
import type { Finding } from "../../../src/analysis/findings/finding.js";
import { sessionFindings } from "../../../src/analysis/findings/session-findings.js";
import { withUserPrices } from "../../../src/trace/user-priced.js";
import { asked } from "../../trace/make-evidence.js";
import { bash, type Called, fileOf, PRICE, read, type Said, talk } from "./make-talk.js";

const LONG = fileOf("/home/dev/project/a.ts", 100);

function found(steps: readonly Said[], kind: Finding["kind"]): readonly Finding[] {
  return sessionFindings(talk(steps)).findings.filter((one) => one.kind === kind);
}

/** Steps that read a file, do something, and read it again; each call is told about 1,000 tokens more. */
function readTwice(second: Called, between: readonly Called[] = [bash("ls")], more: Said = {}): readonly Said[] {
  return [
    { tools: [read("a.ts", LONG)], tokens: { input: 5_000 } },
    { tools: between, tokens: { input: 1_000, read: 5_000 } },
    { ...more, tools: [second], tokens: { input: 100, read: 6_000 } },
    { tools: [bash("true")], tokens: { input: 1_000, read: 6_100 } },
    { tokens: { input: 20, read: 7_100 } },
  ];
}

describe("a file that was read again", () => {
  test("is told with what its second copy cost, from the cache and not", () => {
    const [one, ...others] = found(readTwice(read("a.ts", LONG)), "repeated-read");
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      subject: "/home/dev/project/a.ts",
      title: "a.ts was read again unchanged",
      where: [{ turn: 0, step: "2" }],
      evidence: ["read in step 0, and again in step 2: 1 time without a new line", expect.any(String)],
    });
    // The call that was told it paid for it whole, the next one from the cache; opencode's answer is in its growth.
    const size = (one?.tokens ?? 0) / 2;
    expect(size).toBeGreaterThan(900);
    expect(one?.usd).toBeCloseTo(size * (PRICE.input + PRICE.read), 6);
    expect(one?.share).toBeGreaterThan(0.01);
  });

  test("is told where a part of it was read again", () => {
    const part = fileOf("/home/dev/project/a.ts", 60, 20);
    expect(found(readTwice(read("a.ts", part, { offset: 20, limit: 60 })), "repeated-read")).toHaveLength(1);
  });

  test.each<[why: string, steps: readonly Said[]]>([
    ["its content is another", readTwice(read("a.ts", fileOf("/home/dev/project/a.ts", 100, 1, "let value")))],
    ["it is the next page", readTwice(read("a.ts", fileOf("/home/dev/project/a.ts", 100, 101), { offset: 101 }))],
    ["it was edited", readTwice(read("a.ts", LONG), [{ name: "edit", input: { filePath: "a.ts" }, output: "ok" }])],
    [
      "a patch was applied",
      readTwice(read("a.ts", LONG), [{ name: "apply_patch", input: { patchText: "*" }, output: "ok" }]),
    ],
    ["a command names it", readTwice(read("a.ts", LONG), [bash("npx prettier --write a.ts")])],
    ["a person has spoken", readTwice(read("a.ts", LONG), [bash("ls")], { prompt: "Look again." })],
    [
      "it is small",
      readTwice(read("a.ts", LONG)).map((one, index) =>
        index === 3 ? { ...one, tokens: { input: 30, read: 6_100 } } : one,
      ),
    ],
  ])("is no matter where %s", (_, steps) => {
    expect(found(steps, "repeated-read")).toEqual([]);
  });

  test("is no matter where both were asked for at once", () => {
    const steps: readonly Said[] = [
      { tools: [read("a.ts", LONG), read("a.ts", LONG)], tokens: { input: 5_000 } },
      { tokens: { input: 2_000, read: 5_000 } },
    ];
    expect(found(steps, "repeated-read")).toEqual([]);
  });
});

describe("calls in turns", () => {
  const edit: Called = { name: "edit", input: { filePath: "a.ts", oldString: "x" }, error: "Could not find oldString" };
  const test3: Called = bash("npm test", "1 failed", { exit: 1 });
  const turns = (...calls: readonly (Called | readonly Called[])[]): readonly Said[] => [
    ...calls.map((some): Said => ({ tools: [some].flat(), tokens: { input: 500, read: 2_000 } })),
    { tokens: { input: 20, read: 2_500 } },
  ];

  test("are told with the steps after their first round", () => {
    const [one, ...others] = found(turns(read("a.ts", LONG), edit, test3, edit, test3, edit, test3), "call-cycle");
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      subject: "edit bash",
      title: "The model called edit and bash in turns, with the same arguments and results",
      where: [{ step: "3" }, { step: "4" }, { step: "5" }, { step: "6" }],
      tokens: 4 * 2_510,
      ms: 4 * 9_500,
      evidence: ["3 times the same 2 calls in a row", "after the first time: steps 3, 4, 5 and 6"],
    });
    expect(one?.usd).toBeCloseTo(4 * (500 * PRICE.input + 2_000 * PRICE.read + 10 * PRICE.output), 9);
  });

  test("are told where one step makes all of them, and where a round is longer", () => {
    const three = [bash("a"), bash("b"), bash("c")];
    expect(found(turns(three, three, three, three), "call-cycle")).toMatchObject([
      { evidence: ["4 times the same 3 calls in a row", "after the first time: steps 1, 2 and 3"] },
    ]);
    const four = [...three, bash("d")];
    expect(found(turns(...four, ...four, ...four, bash("e")), "call-cycle")).toMatchObject([
      {
        subject: "bash bash bash bash",
        title: "The model made 4 calls of bash in turns, with the same arguments and results",
      },
    ]);
  });

  test("are looked for no further than a doom loop goes: each of its calls is compared a few times", () => {
    const calls = 300;
    const traces = talk(turns(...Array.from({ length: calls }, () => test3)));
    let read = 0;
    for (const tool of traces.flatMap(({ loop }) => loop.steps.flatMap(({ tools }) => tools))) {
      const { output } = tool;
      const get = (): unknown => {
        read += 1;
        return output;
      };
      Object.defineProperty(tool, "output", { get });
    }
    sessionFindings(traces);
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(20 * calls);
  });

  test("are told once, not again as what failed and was read in them", () => {
    const again = Array.from({ length: 6 }, () => [edit, read("a.ts", LONG)]).flat();
    const kinds = sessionFindings(talk(turns(...again))).findings.map(({ kind }) => kind);
    expect(kinds.filter((kind) => /^(?:call-cycle|repeated-)/.test(kind))).toEqual(["call-cycle"]);
  });

  test.each<[why: string, steps: readonly Said[]]>([
    ["there are two rounds", turns(edit, test3, edit, test3, edit)],
    ["a result is another", turns(edit, test3, edit, test3, edit, bash("npm test", "2 failed", { exit: 1 }))],
    ["an argument is another", turns(edit, test3, edit, test3, { ...edit, input: { filePath: "b.ts" } }, test3)],
    [
      "a person has spoken",
      turns(edit, test3, edit, test3, edit, test3).map((one, at) => (at === 4 ? { ...one, prompt: "Go on." } : one)),
    ],
    ["it is one call, a doom loop", turns(test3, test3, test3, test3, test3, test3, test3, test3)],
    [
      "a round is longer than that",
      turns(...[1, 2, 3].flatMap(() => ["a", "b", "c", "d", "e"].map((name) => bash(name)))),
    ],
  ])("are no finding where %s", (_, steps) => {
    expect(found(steps, "call-cycle")).toEqual([]);
  });
});

describe("a tool that fails", () => {
  const failing = (name: string, error: string, index: number): Said => ({
    tools: [{ name, input: { n: index }, error }],
    tokens: { input: 500, read: 2_000 },
  });
  const all = (...errors: readonly string[]): readonly Said[] => [
    ...errors.map((error, index) => failing("tickets_find", error, index)),
    { tokens: { input: 20, read: 2_500 } },
  ];

  test("in the same way each time is told with the steps that did nothing else", () => {
    const [one] = found(
      all("No ticket 'A-1' in /srv/x", "No ticket 'B-22' in /srv/y", "No ticket 'C' in /z"),
      "repeated-failure",
    );
    expect(one).toMatchObject({
      title: "tickets_find fails again and again: No ticket 'A-1' in /srv/x",
      where: [{ step: "0" }, { step: "1" }, { step: "2" }],
      tokens: 3 * 2_510,
      evidence: ["all 3 calls failed so, in steps 0, 1 and 2", "3 steps did nothing else"],
    });
    expect(one?.usd).toBeCloseTo(3 * (500 * PRICE.input + 2_000 * PRICE.read + 10 * PRICE.output), 9);
  });

  test.each<[why: string, steps: readonly Said[]]>([
    ["twice", all("No such ticket", "No such ticket")],
    ["in three ways", all("No such ticket", "The server is down", "Not allowed")],
    [
      "three times of seven",
      [
        ...all("Down", "Down", "Down"),
        ...Array.from({ length: 4 }, (): Said => ({ tools: [{ name: "tickets_find", input: {}, output: "yes" }] })),
      ],
    ],
    ["by being aborted", all("Tool execution aborted", "Tool execution aborted", "Tool execution aborted")],
    ["as tests do", [1, 2, 3].map((n): Said => ({ tools: [bash(`npm test ${n}`, "1 failed", { exit: 1 })] }))],
  ])("%s is no finding", (_, steps) => {
    expect(found(steps, "repeated-failure")).toEqual([]);
  });

  test("since the command is not there is told, whatever else the shell does", () => {
    const missing = [1, 2, 3].map(
      (n): Said => ({ tools: [bash(`pnpm run ${n}`, "sh: pnpm: not found", { exit: 127 })] }),
    );
    const fine = Array.from({ length: 9 }, (_, n): Said => ({ tools: [bash(`ls ${n}`)] }));
    expect(found([...missing, ...fine], "repeated-failure")).toMatchObject([
      { title: "bash fails again and again: pnpm: command not found", advice: expect.stringContaining("Install") },
    ]);
  });

  test("in a doom loop is told of as that alone", () => {
    const same: Said = { tools: [{ name: "tickets_find", input: { id: 1 }, error: "No such ticket" }] };
    const { findings } = sessionFindings(talk([same, same, same, same, {}]));
    expect(findings).toMatchObject([{ kind: "doom-loop", where: [{ step: "1" }, { step: "2" }, { step: "3" }] }]);
  });
});

describe("an output that was truncated", () => {
  const cut = { exit: 0, truncated: true, outputPath: "/data/tool-output/tool_1" };
  const then = (...again: readonly Called[]): readonly Said[] => [
    { tools: [bash("npm test", "x".repeat(4_000), cut)], tokens: { input: 2_000 } },
    ...again.map((one): Said => ({ tools: [one], tokens: { input: 1_200, read: 2_000 } })),
    { tokens: { input: 100, read: 3_000 } },
  ];

  test.each<[how: string, again: Called]>([
    ["by a filter behind it", { ...bash("npm test 2>&1 | tail -n 20"), ms: 4_000 }],
    ["as it was", bash("npm test")],
    ["where it was saved", { name: "read", input: { filePath: cut.outputPath, offset: 900 }, output: "1: x" }],
    ["by a search in it", bash(`grep -n failed ${cut.outputPath}`)],
  ])("and asked for again %s", (_, again) => {
    expect(found(then(again), "truncated-output")).toMatchObject([
      { subject: "`npm test`", where: [{ step: "0" }, { step: "1" }] },
    ]);
  });

  test("says how long the second run took", () => {
    const [one] = found(then({ ...bash("npm test | head"), ms: 4_000 }), "truncated-output");
    expect(one?.ms).toBe(4_000);
  });

  test.each<[why: string, steps: readonly Said[]]>([
    ["nothing asked for the rest", then(bash("npm run build"))],
    ["another command begins alike", then(bash("npm test-all"))],
    [
      "it was not truncated",
      then(bash("npm test | tail")).map((one, at) => (at === 0 ? { ...one, tools: [bash("npm test")] } : one)),
    ],
  ])("is no matter where %s", (_, steps) => {
    expect(found(steps, "truncated-output")).toEqual([]);
  });
});

describe("thinking", () => {
  const calls = (many: number, reasoning: number, output: number): readonly Said[] =>
    Array.from(
      { length: many },
      (_, at): Said => ({
        tools: at < many - 1 ? [bash(`ls ${at}`)] : [],
        tokens: { input: 1_000, output, reasoning },
      }),
    );

  test("that is far more than what is written is told with its price", () => {
    const [one] = found(calls(6, 1_000, 300), "thinking");
    expect(one).toMatchObject({ subject: "scripted/m1", tokens: 6_000, where: [] });
    expect(one?.usd).toBeCloseTo(6_000 * PRICE.output, 6);
    expect(one?.evidence).toEqual(["6,000 tokens of thinking, 1,800 of answers and tool calls, in 6 calls"]);
  });

  test.each([
    ["in few calls", calls(4, 2_000, 10)],
    ["and little of it", calls(6, 500, 10)],
    ["less than twice as much", calls(6, 1_000, 600)],
  ])("%s is no finding", (_, steps) => {
    expect(found(steps, "thinking")).toEqual([]);
  });
});

describe("a permission", () => {
  const step: readonly Said[] = [{ tools: [{ ...bash("npm test"), ms: 8_000 }] }, {}];
  const waits = (...to: readonly (number | null)[]) =>
    sessionFindings(
      talk(
        step,
        to.map((end) => asked(1_200, end, { callId: "call_0_0" })),
      ),
    ).findings.filter(({ kind }) => kind === "permission-wait");

  test("that was waited for is told with what it was for", () => {
    expect(waits(41_200)).toMatchObject([
      { subject: "bash", ms: 40_000, tokens: null, usd: null, evidence: ["40.0s for 1 question in step 0: npm test"] },
    ]);
  });

  test("that was answered soon, or by a policy, is no finding", () => {
    expect(waits(9_000)).toEqual([]);
    const policy = [asked(1_200, 61_200, { by: "policy" })];
    expect(sessionFindings(talk(step, policy)).findings).toEqual([]);
  });
});

test("what is less than a hundredth of the session is no finding", () => {
  const large = Array.from(
    { length: 20 },
    (_, at): Said => ({
      prompt: `Question ${at}`,
      tokens: { input: 200_000, output: 1_000 },
    }),
  );
  expect(found([...readTwice(read("a.ts", LONG)), ...large], "repeated-read")).toEqual([]);
});

test("without prices there is no cost, and all else", () => {
  const traces = talk(readTwice(read("a.ts", LONG))).map((trace) => ({
    ...trace,
    loop: {
      ...trace.loop,
      steps: trace.loop.steps.map((step) => ({ ...step, call: step.call && { ...step.call, cost: null } })),
    },
  }));
  expect(sessionFindings(traces).findings).toMatchObject([
    { kind: "repeated-read", usd: null, tokens: expect.any(Number) },
  ]);
});

test("the user's own prices are what tokens cost", () => {
  const perMillion = { input: 6, output: 30, reasoning: 30, cacheRead: 0.6, cacheWrite: 6 };
  const own = [{ model: "scripted/*", perMillion, override: true }];
  const traces = talk(readTwice(read("a.ts", LONG)));
  const usdOf = (some: typeof traces, prices?: typeof own) =>
    sessionFindings(some, prices).findings[0]?.usd ?? Number.NaN;
  expect(usdOf(withUserPrices(traces, own), own)).toBeCloseTo(2 * usdOf(traces), 6);
  const priced = withUserPrices(traces, own);
  const dearest = dearestFinding();
  for (const trace of priced) dearest.take(trace, own);
  expect(dearest.finish()?.finding).toEqual(sessionFindings(priced, own).findings[0]);
});

test("turns that a fork copied, and what a person ran, count nothing", () => {
  const copied = talk(readTwice(read("a.ts", LONG))).map((trace) => ({
    ...trace,
    loop: { ...trace.loop, copied: true },
  }));
  expect(sessionFindings(copied)).toMatchObject({ findings: [], calls: 0 });
  expect(sessionFindings([])).toMatchObject({ findings: [], calls: 0, sessionId: "" });
});

test("hostile texts are clean lines", () => {
  const evil = "a\u001b[31m\u202e\n.ts";
  const { findings } = sessionFindings(
    talk(readTwice(read(evil, LONG)).map((one, at) => (at === 0 ? { ...one, tools: [read(evil, LONG)] } : one))),
  );
  expect(findings).toHaveLength(1);
  for (const { title, evidence } of findings)
    expect([title, ...evidence].join("")).not.toMatch(/[\u0000-\u001f\u202e]/);
});
