import { describe, expect, test } from "vitest";
import { type RunEvidence, readLogEvidence } from "../../../src/opencode/evidence.js";
import { sessionModel } from "../../../src/opencode/model.js";
import { onlyOne } from "../../support/fixtures.js";
import { followed } from "../../trace/make-evidence.js";
import {
  answer,
  assistant,
  exportOf,
  mint,
  type RawMessage,
  SESSION,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "../../trace/make-session.js";

const PROJECT = "/home/dev/project";

/** Lines of the log of 1.18 by when they were written, ms since the session began. */
function logOf(lines: readonly (readonly [at: number, rest: string])[], run = "4af3764c"): string {
  return lines
    .map(([at, rest]) => `timestamp=${new Date(T0 + at).toISOString()} level=INFO run=${run} ${rest}\n`)
    .join("");
}
const loop = (step: number): string => `message=loop session.id=${SESSION} step=${step}`;
const stream = `message=stream providerID=scripted modelID=m1 session.id=${SESSION} small=false agent=build mode=primary`;
const process = `message=process session.id=${SESSION} messageID=msg_1`;
const tracking = (hash: string): string =>
  `message=tracking hash=${hash} cwd=${PROJECT} git=/home/dev/.local/share/opencode/snapshot`;
const located = `message="booting location services" directory=${PROJECT} workspaceID=undefined`;

const snapshots = (before: string, after: string): readonly [start: object, finish: object] => [
  { ...stepStart(1500), snapshot: before },
  { ...stepFinish(2600), snapshot: after },
];

function workOf(
  evidence: {
    readonly logText?: string;
    readonly runs?: readonly RunEvidence[];
    readonly mcpServers?: readonly string[];
  },
  [start, finish] = [stepStart(1500), stepFinish(2600)] as readonly [object, object],
) {
  const parts = [{ ...start }, text(1510, 1900, "Look."), tool(1800, 1900, 2400), { ...finish }];
  const { logText, ...rest } = evidence;
  const log = logText === undefined ? {} : { log: readLogEvidence(logText) };
  const tree = treeOf(exportOf([user(0, "Go."), assistant(600, 2700, parts, { finish: "stop" })]));
  const { ownWork } = onlyOne(sessionModel(tree, { ...rest, ...log }).turns);
  const told = (some: typeof ownWork.within) =>
    some.map(({ kind, start, end, evidence }) => `${kind} ${start - T0}-${end - T0} ${evidence}`);
  return { within: told(ownWork.within), around: told(ownWork.around) };
}

const FIRST = [
  [-900, `message="creating instance" directory=${PROJECT}`],
  [-100, `message=created id=${SESSION} slug=calm-moon version=1.18.33 projectID=global directory=${PROJECT}`],
  [500, loop(0)],
  [700, tracking("aaa")],
  [720, 'message="shell tool using shell" shell=/bin/bash'],
  [900, "message=init count=1"],
  [1150, located],
  [1180, process],
  [1200, stream],
] as const;

test("a first prompt loads, asks MCP servers, keeps the files and puts the request together", () => {
  const { within } = workOf({ logText: logOf(FIRST), mcpServers: ["tiny"] }, snapshots("aaa", "bbb"));
  expect(within).toEqual([
    "prompt 0-1200 log",
    "loading 0-500 log",
    "loading 900-1150 log",
    "mcp 720-900 log",
    "snapshot 600-700 log",
    "saving 1900-2700 export",
    "snapshot 2400-2600 export",
    "snapshot 2600-2700 export",
  ]);
});

test("without MCP servers nothing waits for them, and without a git repository there are no snapshots", () => {
  const { within } = workOf({ logText: logOf(FIRST) });
  expect(within).toEqual(["prompt 0-1200 log", "loading 0-500 log", "loading 900-1150 log", "saving 1900-2700 export"]);
});

test("a prompt to an opencode that has loaded the project before only puts the request together", () => {
  const before = [
    [-9000, `message="creating instance" directory=${PROJECT}`],
    [-8000, located],
  ] as const;
  const logText = logOf([...before, [20, loop(0)], [700, tracking("other")], [1200, stream], [2500, tracking("bbb")]]);
  const { within } = workOf({ logText }, snapshots("aaa", "bbb"));
  // A snapshot of another name is another session's.
  expect(within).toEqual([
    "prompt 0-1200 log",
    "saving 1900-2700 export",
    "snapshot 2400-2500 log",
    "snapshot 2600-2700 export",
  ]);
});

test("another process' lines, and those of another directory, tell nothing of the turn", () => {
  const own = logOf([
    [20, loop(0)],
    [1200, stream],
  ]);
  const elsewhere = logOf([[1100, located.replace(PROJECT, "/home/dev/other")]]);
  const other = logOf(
    [
      [-200, located],
      [400, `message=loop session.id=ses_x step=0`],
      [1100, located],
    ],
    "ffffffff",
  );
  const { within } = workOf({ logText: `${own}${elsewhere}${other}` });
  expect(within).toEqual(["prompt 0-1200 log", "saving 1900-2700 export"]);
});

test("without a log nothing is said of what went before the first request", () => {
  expect(workOf({}).within).toEqual(["saving 1900-2700 export"]);
});

test.each<[what: string, run: Partial<RunEvidence>, logText: string | undefined, around: readonly string[]]>([
  [
    "opencode run",
    { exit: { kind: "exited", code: 0 } },
    logOf(FIRST),
    ["starting -3000--900 run", "loading -900-0 log", "ending 2700-3100 run"],
  ],
  [
    "opencode run, without a log",
    { exit: { kind: "exited", code: 0 } },
    undefined,
    ["starting -3000-0 run", "ending 2700-3100 run"],
  ],
  [
    "a server that was started for it, once another one had started",
    { readyAt: T0 - 1000, lock: { start: T0 - 3000, end: T0 - 2500 } },
    logOf(FIRST),
    [
      "lock -3000--2500 run",
      "starting -3000--1000 run",
      "prompt -1000--900 run",
      "loading -900-0 log",
      "ending 2700-3100 run",
    ],
  ],
  ["a server that was there", { readyAt: T0 - 3000 }, undefined, ["prompt -3000-0 run", "ending 2700-3100 run"]],
])("%s: what goes around a turn", (_, run, logText, around) => {
  const runs = [followed({ startedAt: T0 - 3000, endedAt: T0 + 3100, ...run })];
  expect(workOf({ runs, ...(logText === undefined ? {} : { logText }) }).around).toEqual(around);
});

test("what goes around the turns of one run goes before the first of them and after the last", () => {
  const answered = (at: number) => [
    user(at, "Go on."),
    assistant(at + 100, at + 900, [text(at + 200, at + 800, "Yes.")]),
  ];
  const runs = [followed({ startedAt: T0 - 3000, readyAt: T0 - 1000, endedAt: T0 + 5000 })];
  const tree = treeOf(exportOf([...answered(0), ...answered(2000), ...answered(4000)]));
  const around = sessionModel(tree, { runs }).turns.map(({ ownWork }) =>
    ownWork.around.map(({ kind, start, end }) => `${kind} ${start - T0}-${end - T0}`),
  );
  expect(around).toEqual([["starting -3000--1000", "prompt -1000-0"], [], ["ending 4900-5000"]]);
});

/** What is known of the work of a session's only turn. */
function workIn(...messages: readonly RawMessage[]): readonly string[] {
  const { ownWork } = onlyOne(sessionModel(treeOf(exportOf(messages)), {}).turns);
  return ownWork.within.map(({ kind, start, end }) => `${kind} ${start - T0}-${end - T0}`);
}

describe("after a loop has ended, opencode is at work from when it is asked again", () => {
  const asked = user(0, "Go.");
  const answered = answer(10, 400, "Started.", { parentID: asked.info.id });

  test("by the end of a subagent in the background", () => {
    const ended = user(9_000, [{ type: "text", id: mint("prt", 9_000), text: "<task>", synthetic: true }]);
    const work = workIn(asked, answered, ended, answer(9_050, 9_400, "It found 42.", { parentID: ended.info.id }));
    expect(work).toEqual(["saving 396-400", "prompt 9000-9050", "saving 9396-9400"]);
  });

  test("by a person who has the conversation summed up; an automatic compaction is the loop's own", () => {
    const work = (auto: boolean) => {
      const wish = user(9_000, [{ type: "compaction", id: mint("prt", 9_000), auto }]);
      return workIn(asked, answered, wish, answer(9_050, 9_400, "Sum.", { parentID: wish.info.id, summary: true }));
    };
    expect(work(false)).toContain("compaction 9000-9050");
    expect(work(true)).toContain("compaction 400-9050");
  });

  test.each([
    ["a text of opencode's own", { synthetic: true }],
    ["a plugin's notice", { ignored: true }],
  ])("but it is all the time in a loop whose answers do not say how they ended: %s", (_, kind) => {
    const empty = assistant(10, 310, [stepStart(20), stepFinish(300, { reason: "unknown" })], {
      finish: "unknown",
      parentID: asked.info.id,
    });
    const noted = user(380, [{ type: "text", id: mint("prt", 380), text: "News.", ...kind }]);
    const work = workIn(asked, empty, noted, answer(400, 700, "Done.", { parentID: noted.info.id }));
    expect(work).toContain("prompt 310-400");
  });
});
