import { expect, test } from "vitest";
import { childSessionIds } from "../../../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../../../src/opencode/read/read-export.js";

const time = { created: 1 };
const info = { id: "ses_root", time, location: { directory: "/" } };

function namedBy(state: object, name = "subagent"): readonly string[] {
  const content = [{ type: "tool", id: "call_0", name, time, state }];
  return childSessionIds(exportFromJson({ info, messages: [{ id: "msg_1", type: "assistant", time, content }] }, "x"));
}

const text = (said: string) => [{ type: "text", text: said }];

test.each<readonly [string, object, readonly string[]]>([
  ["its metadata", { status: "running", metadata: { sessionID: "ses_a" } }, ["ses_a"]],
  [
    "the metadata of builds before 2.0",
    { status: "completed", structured: { sessionID: "ses_a" }, content: [] },
    ["ses_a"],
  ],
  [
    "what it told",
    { status: "completed", content: text('<subagent sessionID="ses_a" state="completed">\nDone.\n</subagent>') },
    ["ses_a"],
  ],
  [
    "its failure",
    { status: "error", error: { type: "unknown", message: "Subagent failed (sessionID: ses_a): no" } },
    ["ses_a"],
  ],
  ["the one that it was to go on with", { status: "running", input: { sessionID: "ses_a" } }, ["ses_a"]],
  ["one that it was refused", { status: "error", input: { sessionID: "ses_a" }, error: { message: "no" } }, []],
  ["what a subagent says itself", { status: "completed", content: text('He said <subagent sessionID="ses_a">') }, []],
  ["arguments that are being written", { status: "streaming", input: '{"sessionID":"ses_a"}' }, []],
])("%s", (_what, state, expected) => {
  expect(namedBy(state)).toEqual(expected);
  expect(namedBy(state, "shell")).toEqual([]);
});

test("in a session that came from opencode 1, where it is called task", () => {
  expect(namedBy({ status: "completed", content: [], metadata: { sessionId: "ses_a" } }, "task")).toEqual(["ses_a"]);
});

test("a subagent in the background by the message that tells its end", () => {
  const metadata = { source: "subagent", childID: "ses_a", state: "completed" };
  const messages = [
    { id: "msg_1", type: "synthetic", time, text: "done", metadata },
    { id: "msg_2", type: "synthetic", time, text: "done", metadata: { source: "shell", childID: "ses_b" } },
  ];
  expect(childSessionIds(exportFromJson({ info, messages }, "x"))).toEqual(["ses_a"]);
});
