import { expect, test } from "vitest";
import { runArguments } from "../../../src/opencode/cli/run-arguments.js";
import type { CheckedRequest } from "../../../src/opencode/request/run-request.js";

const plain: CheckedRequest = {
  message: "secret plan",
  directory: "/project",
  files: [],
  deadlineMs: 1,
  graceMs: 1,
};
const start = ["run", "--format=json", "--print-logs", "--log-level=INFO"];
const always = [...start, "--dir=/project"];

test("the message is not among the arguments", () => {
  expect(runArguments(plain, "1.18.33", undefined)).toEqual(always);
});

test("every option, each in one piece with its value", () => {
  const request: CheckedRequest = {
    ...plain,
    model: "anthropic/claude",
    variant: "high",
    session: "ses_1",
    fork: true,
    title: "-t with spaces",
    files: ["/a.txt", "/b c.png"],
    permissions: "allow",
    extraArguments: ["--thinking", "--share"],
  };
  expect(runArguments(request, "1.15.13", "looptrace")).toEqual([
    ...start,
    // A list to opencode: what stood behind the last one would be one more file.
    "--file=/a.txt",
    "--file=/b c.png",
    "--dir=/project",
    "--model=anthropic/claude",
    "--agent=looptrace",
    "--variant=high",
    "--session=ses_1",
    "--title=-t with spaces",
    "--fork",
    "--dangerously-skip-permissions",
    "--thinking",
    "--share",
  ]);
});

test("the last session, a command", () => {
  const request: CheckedRequest = { ...plain, continueLast: true, command: "review" };
  expect(runArguments(request, null, undefined)).toEqual([...always, "--command=review", "--continue"]);
});
