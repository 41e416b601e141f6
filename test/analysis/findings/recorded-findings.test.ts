import { expect, test } from "vitest";
import { sessionFindings } from "../../../src/analysis/findings/session-findings.js";
import { recordedSessions } from "../../support/recorded-sessions.js";

/**
 * What a reader who went through the recorded sessions holds for right: all that is found in them, by session. A
 * finding more is one that a reader has to look at first.
 */
const REVIEWED: Readonly<Record<string, readonly string[]>> = {
  // Five times the same read of a file that is not there.
  "doom-loop@1.18.33": ["doom-loop read, steps 1 2 3 4"],
  "opencode2/doom-loop@2.0.0-0720 0": ["doom-loop read, steps 1 2 3 4"],
  // `echo same`, seven times over four steps.
  "opencode2/doom-loop 0": ["doom-loop shell, steps 1 2 3"],
  // Six empty answers in a row.
  "reported/unknown-storm 0": ["doom-loop answer, steps 1 2 3 4 5"],
  "wire/wasteful@1.18.33": [
    // Three edits of texts that the file does not have.
    "repeated-failure edit failed Could not find oldString in the file. It must match exactly, including whitespace, indentation, and line endings., steps 3 4 5",
    // The model wrote into AGENTS.md.
    "cache-break system-changed, steps 9",
    "repeated-read /home/dev/project/src/ledger.mjs, steps 6",
    "subagent-reread worker, steps 7/0/0 7/0/0",
    "truncated-output `node check.mjs`, steps 1 2",
    "unused-server tickets",
  ],
};

test("all that is found in the recorded sessions was reviewed", () => {
  const found = recordedSessions().flatMap(({ name, traces }) => {
    const told = sessionFindings(traces).findings.map(inWords);
    return told.length > 0 ? [[name, told] as const] : [];
  });
  expect(Object.fromEntries(found)).toEqual(REVIEWED);
});

function inWords({ kind, subject, where }: ReturnType<typeof sessionFindings>["findings"][number]): string {
  const about = kind === "cache-break" ? subject.split(" ")[0] : subject;
  const steps = where.length === 0 ? "" : `, steps ${where.map(({ step }) => step).join(" ")}`;
  return `${kind} ${about}${steps}`;
}
