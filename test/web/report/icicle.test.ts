import { expect, test } from "vitest";
import type { PromptPart } from "../../../src/web/data/report-data.js";
import { icicleOf, sentParts } from "../../../src/web/report/icicle.js";

const part = (group: PromptPart["group"], owner: string, name: string): PromptPart => ({
  ...{ group, owner, name, bytes: 1, row: 0, chunk: -1, place: -1 },
});
const parts = [
  part("results", "results of bash", "result of bash ls"),
  part("system", "AGENTS.md", "AGENTS.md"),
  part("tools", "opencode's own tools", "tool bash"),
  part("tools", "MCP server jira", "tool jira_get"),
  part("tools", "MCP server jira", "tool jira_put"),
];
const pairs = [2, 100, 3, 200, 4, 300, 1, 50, 0, 350];

test("groups keep their order, in them the largest owner is first, in it the largest part", () => {
  const { total, groups, owners, parts: cut } = icicleOf(sentParts(parts, pairs));
  expect(total).toBe(1000);
  expect(groups.map(({ group, tokens }) => [group, tokens])).toEqual([
    ["system", 50],
    ["tools", 600],
    ["results", 350],
  ]);
  expect(owners.map(({ label }) => label)).toEqual([
    "AGENTS.md",
    "MCP server jira",
    "opencode's own tools",
    "results of bash",
  ]);
  expect(cut.map(({ part: index }) => index)).toEqual([1, 4, 3, 2, 0]);
});

test("in each column the blocks stand below each other, without a gap, to the end", () => {
  const { groups, owners, parts: cut } = icicleOf(sentParts(parts, pairs));
  for (const column of [groups, owners, cut]) {
    let end = 0;
    for (const { from, share } of column) {
      expect(from).toBeCloseTo(end, 12);
      end = from + share;
    }
    expect(end).toBeCloseTo(1, 12);
  }
});

test("a prompt without tokens has no blocks, and a part that is not there is none", () => {
  expect(icicleOf(sentParts(parts, [0, 0, 1, 0]))).toMatchObject({ total: 0, groups: [], owners: [], parts: [] });
  expect(sentParts(parts, [77, 10])).toEqual([]);
});
