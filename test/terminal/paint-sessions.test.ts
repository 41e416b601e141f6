import { createColors } from "picocolors";
import { expect, test } from "vitest";
import type { CatalogSession, SessionRow } from "../../src/catalog/catalog.js";
import { paintSessions } from "../../src/terminal/paint-sessions.js";

function listed(...rows: readonly Partial<SessionRow>[]): readonly CatalogSession[] {
  return rows.map((row, index) => {
    const id = `ses_${index}12345678`;
    const figures = { turns: 1, steps: 3, tokens: 65_600, cost: 0.06472, duration: 25_900, toolFailures: 0 };
    const counts = { missingSubagents: 0, doubtfulCalls: 0, tags: [] };
    const about = { id, title: "Fix the failing discount test", directory: "/home/dev/shop", project: "p" };
    const times = { began: 0, at: 0, models: ["anthropic/claude-sonnet-4-6"] };
    const end = {
      outcome: "completed",
      errorCode: null,
      errors: [],
      slowestTool: { name: "bash", ms: 3_430 },
    } as const;
    return { kind: "session", id, storedAt: 0, row: { ...about, ...times, ...end, ...figures, ...counts, ...row } };
  });
}

function painted(sessions: readonly CatalogSession[], width: number): string {
  const shortId = (id: string): string => id.slice(4, 12);
  return paintSessions(sessions, { width, colors: createColors(false), now: 0, shortId });
}

test("80 columns say how long it took, and the number is name enough", () => {
  const [head = ""] = painted(listed({}, { directory: "/home/dev/billing" }), 80).split("\n");
  expect(head.trim().split(/ {2,}/)).toEqual(["#", "title", "outcome", "when", "project", "tokens", "cost", "time"]);
});

test("where no column says it, a list of several projects says that it is one", () => {
  const note = "projects are in this list: --project . leaves this one's";
  const several = listed({}, { directory: "/home/dev/billing" });
  expect(painted(several, 60).replace(/\s+/g, " ")).toContain(`several ${note}`);
  expect(painted(several, 80)).not.toContain("--project");
  expect(painted(listed({}, {}), 60)).not.toContain("--project");
});
