import { expect, test } from "vitest";
import { exportFromJson } from "../../../../src/opencode/read/read-export.js";
import { transcriptOf } from "../../../../src/opencode/read/transcript.js";
import { loadOpencode2, opencode2Names } from "../../../support/opencode2-fixtures.js";

const time = { created: Date.parse("2026-11-01T00:00:00Z") };
let ids = 0;

function session(id: string, messages: readonly object[]) {
  const info = { id, title: `about\x1b[2J ${id}`, time, location: { directory: "/project" } };
  return exportFromJson({ info, messages: messages.map((one) => ({ id: `msg_${ids++}`, time, ...one })) }, id);
}

test("a session reads as a conversation, with all that stands beside it", () => {
  const child = session("ses_child", [{ type: "user", text: "Count." }]);
  const tool = (name: string, state: object) => ({ type: "tool", id: name, name, time, state });
  const root = session("ses_root", [
    { type: "model-switched", model: { id: "m", providerID: "p" } },
    { type: "agent-switched", agent: "plan" },
    { type: "location-switched", location: { directory: "/other" } },
    { type: "user", text: "How many?\nSay it.", files: [{ mime: "image/png", name: "a.png", data: "AAAA" }] },
    { type: "system", text: "New instructions." },
    { type: "skill", name: "count", text: "Count well." },
    {
      type: "assistant",
      content: [
        { type: "reasoning", text: "Hm.\x1b[31m" },
        { type: "text", text: "Let me see." },
        tool("read", { status: "completed", input: { path: "a" }, content: [{ type: "text", text: "alpha" }] }),
        tool("subagent", { status: "running", input: {}, metadata: { sessionID: "ses_child" } }),
        tool("shell", { status: "error", input: {}, error: { type: "permission.rejected", message: "Denied" } }),
        tool("write", { status: "streaming", input: '{"pa' }),
      ],
      error: { type: "provider.internal", message: "cut off" },
    },
    { type: "synthetic", text: "Continue." },
    { type: "compaction", status: "failed", reason: "auto", error: { type: "provider.auth", message: "no key" } },
    { type: "shell", command: "ls", status: "exited", output: { output: "a.txt\n" } },
    { type: "idle", outcome: "failed", error: { type: "provider.internal", message: "cut off" } },
  ]);
  const text = transcriptOf({ session: root, children: [{ session: child, children: [] }] });
  expect(text).not.toContain("\x1b");
  expect(text).toMatchInlineSnapshot(`
    "=== ses_root: about ses_root
        2026-11-01T00:00:00.000Z  opencode 2.x  /project

    [Model] p/m

    [Agent] plan

    [Directory] /other

    [User]
    How many?
    Say it.

    [File] a.png (image/png)

    [System] (added by opencode)
    New instructions.

    [Skill] count
    Count well.

    [Thinking]
    Hm.

    [Response]
    Let me see.

    [Tool Call] read
    {
      "path": "a"
    }

    [Tool Result]
    alpha

    [Tool Call] subagent
    {}

    [Tool Result] none: the call was still running

        === ses_child: about ses_child
            2026-11-01T00:00:00.000Z  opencode 2.x  /project

        [User]
        Count.

    [Tool Call] shell
    {}

    [Tool Result] failed
    Denied

    [Tool Call] write
    {"pa

    [Tool Result] none: the call was still streaming

    [Error] provider.internal
    cut off

    [User] (added by opencode)
    Continue.

    [Compaction]

    [Error] provider.auth
    no key

    [Command]
    ls

    [Command Result]
    a.txt

    [Error] provider.internal
    cut off
    "
  `);
});

test.each(opencode2Names)("%s has one", (name) => {
  const { tree, session: root, subagents } = loadOpencode2(name);
  const text = transcriptOf(tree);
  for (const { info } of [root, ...subagents]) expect(text).toContain(`=== ${info.id}`);
  for (const message of root.messages) if (message.type === "user") expect(text).toContain("[User]");
});
