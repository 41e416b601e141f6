import { expect, test } from "vitest";
import type { ListedSession } from "../../../src/web/data/listed-session.js";
import { sessionNeighbours } from "../../../src/web/data/session-neighbours.js";

const listed = (id: string, at: number, title = id): ListedSession => ({
  ...{ kind: "session", id, at, title, prompts: [`Prompt of ${id}`], directory: "/repo", models: [], errors: [] },
  ...{
    costByUser: 0,
    errorCode: null,
    outcome: "completed",
    turns: 1,
    copiedTurns: 0,
    steps: 1,
    tokens: 1,
    cost: null,
    duration: 1,
    missingSubagents: 0,
  },
  ...{ doubtfulCalls: 0, project: null, branch: null, tags: [] },
  usage: { input: 1, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 },
});

test("the sessions before and after one, by when they were recorded; what cannot be read is passed over", () => {
  const broken: ListedSession = { kind: "unreadable", id: "ses_x", at: 25, reason: "no JSON" };
  const sessions = [listed("ses_c", 30), listed("ses_a", 10, "  "), broken, listed("ses_b", 20)];
  expect(sessionNeighbours("ses_b", sessions)).toEqual({
    before: { id: "ses_a", title: "Prompt of ses_a" },
    after: { id: "ses_c", title: "ses_c" },
  });
  expect(sessionNeighbours("ses_a", sessions)).toEqual({ after: { id: "ses_b", title: "ses_b" } });
  expect(sessionNeighbours("ses_c", sessions)).toEqual({ before: { id: "ses_b", title: "ses_b" } });
  expect(sessionNeighbours("ses_of_a_subagent", sessions)).toEqual({});
});
