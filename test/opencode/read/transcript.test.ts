import { expect, test } from "vitest";
import { exportFromJson } from "../../../src/opencode/read/read-export.js";
import { transcriptOf } from "../../../src/opencode/read/transcript.js";

let count = 0;
function part(sessionID: string, fields: Record<string, unknown>) {
  count++;
  return { id: `prt_${count}`, sessionID, messageID: `msg_${sessionID}`, ...fields };
}

function session(id: string, user: Record<string, unknown>[], assistant: Record<string, unknown>[], error?: unknown) {
  const time = { created: Date.parse("2026-01-01T00:00:00Z") };
  const info = { id, title: `about\x1b[2J ${id}`, directory: "/project", version: "1.18.33", time };
  return exportFromJson(
    {
      info,
      messages: [
        {
          info: { role: "user", id: "msg_u", sessionID: id, time },
          parts: user.map((fields) => part(id, fields)),
        },
        {
          info: { role: "assistant", id: "msg_a", sessionID: id, time, modelID: "m", providerID: "p", error },
          parts: assistant.map((fields) => part(id, fields)),
        },
      ],
    },
    id,
  );
}

const time = { start: 1, end: 2 };
const tool = (name: string, state: Record<string, unknown>) => ({
  type: "tool",
  tool: name,
  callID: "c",
  state,
});

test("a session with a subagent reads as a conversation", () => {
  const child = session("ses_child", [{ type: "text", text: "Count." }], [{ type: "text", text: "Three." }]);
  const root = session(
    "ses_root",
    [
      { type: "text", text: "How many?\nSay it." },
      { type: "text", text: "Go on.", synthetic: true },
      { type: "file", mime: "image/png", url: "data:", filename: "a.png" },
    ],
    [
      { type: "step-start" },
      { type: "reasoning", text: "Let me see.", time: { start: 1 } },
      tool("task", {
        status: "completed",
        input: { prompt: "Count." },
        output: "Three.",
        metadata: { sessionId: "ses_child" },
        time,
      }),
      tool("read", { status: "error", input: { filePath: "x" }, error: "File not found: x", time }),
      tool("bash", { status: "running", input: { command: "sleep 9" }, time: { start: 1 } }),
      { type: "text", text: "" },
      { type: "text", text: "It is \x1b[31mthree\x07." },
    ],
    { name: "APIError", data: { message: "Overloaded" } },
  );
  expect(
    transcriptOf({ session: root, children: [{ session: child, children: [] }] }),
  ).toBe(`=== ses_root: about ses_root
    2026-01-01T00:00:00.000Z  opencode 1.18.33  /project

[User]
How many?
Say it.

[User] (added by opencode)
Go on.

[File] a.png (image/png)

[Thinking]
Let me see.

[Tool Call] task
{
  "prompt": "Count."
}

[Tool Result]
Three.

    === ses_child: about ses_child
        2026-01-01T00:00:00.000Z  opencode 1.18.33  /project

    [User]
    Count.

    [Response]
    Three.

[Tool Call] read
{
  "filePath": "x"
}

[Tool Result] failed
File not found: x

[Tool Call] bash
{
  "command": "sleep 9"
}

[Tool Result] none: the call was still running

[Response]
It is three.

[Error] APIError
Overloaded
`);
});

test("a child whose call is not linked is shown nevertheless", () => {
  const child = session("ses_child", [{ type: "text", text: "Count." }], []);
  const root = session("ses_root", [{ type: "text", text: "Hi." }], []);
  const text = transcriptOf({ session: root, children: [{ session: child, children: [] }] });
  expect(text).toContain("\n    [User]\n    Count.\n");
});

test("what is very long is cut, and the cut says how much is missing", () => {
  const long = `${"a".repeat(19_999)}🎉${"z".repeat(5_000)}`;
  const root = session("ses_root", [{ type: "text", text: long }], []);
  const text = transcriptOf({ session: root, children: [] });
  expect(text).toContain("… 5001 of 25001 characters left out here");
  expect(text).not.toContain("z");
  expect(text.isWellFormed()).toBe(true);
});
