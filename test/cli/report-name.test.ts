import { expect, test } from "vitest";
import { reportName } from "../../src/cli/report-name.js";

const ID = "ses_e03b66d38ffe7m0arJ0ehJm9sO";

test.each([
  ["Fix the failing test", "Fix-the-failing-test-e03b66d3.html"],
  ["../../etc/passwd", "etc-passwd-e03b66d3.html"],
  ['a\u0000b\u001b[2J: <c>|"*?', "a-b-2J-c-e03b66d3.html"],
  ["Ärger mit 測試", "Ärger-mit-測試-e03b66d3.html"],
  ["…", "session-e03b66d3.html"],
  ["x".repeat(300), `${"x".repeat(60)}-e03b66d3.html`],
])("the report of %j has a name that any file system takes", (title, name) => {
  expect(reportName(title, [ID])).toBe(name);
});

test("of several sessions it says how many more", () => {
  expect(reportName("One", [ID, "ses_a", "ses_b"])).toBe("One-e03b66d3-and-2-more.html");
});
