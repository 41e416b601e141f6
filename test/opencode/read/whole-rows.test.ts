import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isWholeToolRow } from "../../../src/opencode/read/legacy-rows.js";
import { parseFields } from "../../../src/opencode/read/parse-fields.js";
import { runEvidenceIn, wholeRun } from "../../../src/opencode/read/read-run-evidence.js";
import {
  wholeAssistantInfo,
  wholePart,
  wholeSessionInfo,
  wholeUserInfo,
} from "../../../src/opencode/read/whole-rows.js";
import { runEvidence } from "../../../src/opencode/schema/run-evidence.js";
import { assistantInfo, knownParts, sessionInfo, userInfo } from "../../../src/opencode/schema/session-export.js";
import { type Fields, fieldsOf, isFields } from "../../../src/text/json-fields.js";
import { changedRow } from "../../support/changed-row.js";
import { fixtureNames, loadFixture } from "../../support/fixtures.js";

const READ = ["tool", "text", "reasoning", "step-start", "step-finish"] as const;

interface Row {
  readonly row: Fields;
  /** What is told by hand. */
  readonly whole: (row: Fields) => unknown;
  /** What the schema makes of it. */
  readonly parsed: (row: Fields) => unknown;
}

const rows: readonly Row[] = fixtureNames.flatMap((name) => {
  const { text, subagentTexts } = loadFixture(name);
  return [text, ...subagentTexts].flatMap((one) => {
    const { info, messages } = fieldsOf(JSON.parse(one));
    const session: Row = {
      row: fieldsOf(info),
      whole: wholeSessionInfo,
      parsed: (row) => parseFields(sessionInfo, row, "x", "info"),
    };
    const ofMessages = (Array.isArray(messages) ? messages.filter(isFields) : []).flatMap(({ info, parts }): Row[] => [
      fieldsOf(info).role === "user"
        ? { row: fieldsOf(info), whole: wholeUserInfo, parsed: (row) => parseFields(userInfo, row, "x", "info") }
        : {
            row: fieldsOf(info),
            whole: wholeAssistantInfo,
            parsed: (row) => parseFields(assistantInfo, row, "x", "info"),
          },
      ...(Array.isArray(parts) ? parts.filter(isFields) : []).flatMap((row): Row[] => {
        const type = READ.find((each) => each === row.type);
        return type ? [{ row, whole: partIfWhole, parsed: (one) => parseFields(knownParts[type], one, "x", "") }] : [];
      }),
    ]);
    return [session, ...ofMessages];
  });
});

/** A session's own row, which is rare among the others. */
const sessions = [
  {
    row: {
      ...{ id: "ses_1", title: "t", directory: "/repo", version: "1.18.33", projectID: "p" },
      ...{ tokens: { input: 1, output: 2 }, time: { created: 5, updated: 6 } },
    },
    whole: wholeSessionInfo,
    parsed: (row: Fields) => parseFields(sessionInfo, row, "x", "info"),
  },
] as const satisfies readonly Row[];

/** How runs ended, as they are kept: those that are told by hand, and others. */
const RUN = { id: "r", attempt: 0, opencode: "1.18.33", streamErrors: [], startedAt: 1, endedAt: 5, stderr: "" };
const runs = [
  { ...RUN, exit: { kind: "served" }, readyAt: 2, lock: { start: 1, end: 2 } },
  { ...RUN, exit: { kind: "exited", code: 1 } },
  { ...RUN, exit: { kind: "served", asked: "caller" }, tags: ["a"], schemaProblems: [] },
  {
    ...RUN,
    exit: { kind: "signalled", signal: "SIGKILL", by: "other" },
    streamErrors: [{ error: { name: "e" }, at: 1 }],
  },
].map((row): Row => ({ row, whole: wholeRun, parsed: (one) => runEvidence.parse(one) }));

/** As the reader asks: a tool's row may lack what follows from the rest of it. */
function partIfWhole(row: Fields): unknown {
  return row.type === "tool" && !isWholeToolRow(row) ? undefined : wholePart(row);
}

/** How a row says what the schema makes of it, or refuses it. */
function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

test("a run that ended as most do is told by hand, and kept as its schema has it", () => {
  expect(runs.map(({ row, whole }) => whole(row) !== undefined)).toEqual([true, true, false, false]);
  for (const { row, parsed } of runs) expect(JSON.stringify(runEvidenceIn(row))).toBe(JSON.stringify(parsed(row)));
});

describe("a row that is told by hand", () => {
  test("is what the schemas make of it, and nearly all rows of opencode are such", () => {
    const told = rows.filter(({ row, whole, parsed }) => {
      const own = whole(row);
      if (own !== undefined && !isDeepStrictEqual(own, parsed(row))) expect(own).toEqual(parsed(row));
      return own !== undefined;
    });
    expect(rows.length).toBeGreaterThan(300);
    expect(told.length / rows.length).toBeGreaterThan(0.9);
  });

  test("is a session's only where spans could be made of all of its times", () => {
    const { row, whole, parsed } = sessions[0];
    const time = fieldsOf(row.time);
    const damaged = [
      ...[-1, 1e20].map((created) => ({ ...row, time: { ...time, created } })),
      ...["completed", "ran"].map((name) => ({ ...row, time: { ...time, [name]: -1 } })),
      { ...row, state: { time: { start: -1 } } },
    ];
    expect(whole(row)).toBeDefined();
    for (const one of damaged) expect([whole(one), outcome(() => parsed(one))]).toEqual([undefined, undefined]);
  });

  test("is what the schemas make of it whatever stands in it", () => {
    const odd = fc.constantFrom<unknown>(
      ...[null, undefined, true, false, 0, -1, 1.5, 1e20, Number.POSITIVE_INFINITY, "", "x", "error", "pending"],
      ...[[], {}, [null], { start: 1 }, { start: 1, end: -1 }, { created: 1, ran: 1e20 }, { providerID: "p" }],
      ...[JSON.parse('{"__proto__": {"a": 1}, "b": null}'), { status: "running", time: { start: 5 } }],
    );
    const change = fc.record({ at: fc.nat(), value: odd, isNew: fc.constantFrom(false, false, false, true) });
    const keys = fc.constantFrom("state", "time", "error", "ignored", "attachments", "timesUnknown", "__proto__", "z");
    fc.assert(
      fc.property(
        fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...rows) }, fc.constantFrom(...runs, ...sessions)),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        keys,
        (found, changes, key) => {
          const row = changes.reduce<Fields>((before, each) => changedRow(before, each, key), found.row);
          const own = found.whole(row);
          if (own === undefined) return;
          const made = outcome(() => found.parsed(row));
          if (!isDeepStrictEqual(own, made)) expect(own).toEqual(made);
        },
      ),
      { numRuns: 1_500 },
    );
  });
});
