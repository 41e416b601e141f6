import { expect, test } from "vitest";
import { sourcesText } from "../../../src/web/report/sources-text.js";

const called = { totals: { calls: 2 } };
const silent = { totals: { calls: 0 } };

test("only without a recording are all figures opencode's", () => {
  expect(sourcesText({ traces: [called], recorded: true })).toMatch(/or as its recorded requests tell.*are reckoned/);
  expect(sourcesText({ traces: [called] })).toMatch(/^All times and costs are as opencode recorded them/);
});

test("that requests were not recorded is said where there were calls", () => {
  expect(sourcesText({ traces: [silent, called] })).toMatch(/Requests to models were not recorded\.$/);
  expect(sourcesText({ traces: [silent] })).not.toMatch(/not recorded/);
  expect(sourcesText({ traces: [called], recorded: true })).not.toMatch(/not recorded/);
});
