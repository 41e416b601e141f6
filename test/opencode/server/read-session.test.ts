import { createOpencodeClient } from "@opencode-ai/sdk/v2/client";
import { expect, test } from "vitest";
import { readSessionFrom } from "../../../src/opencode/server/read-session.js";

const CHILDREN: Readonly<Record<string, readonly string[]>> = { ses_a: ["ses_b"], ses_b: ["ses_c"] };

const infoOf = (id: string) => ({
  ...{ id, title: id, directory: "/a", version: "1.18.33", time: { created: 1, updated: 2 } },
  ...(id === "ses_a" ? {} : { parentID: id === "ses_b" ? "ses_a" : "ses_b" }),
});

/** Has a session, whose subagent has one too; no tool names them. `answers` are others than those, by the path. */
function serverWith(answers: Readonly<Record<string, () => Response>> = {}) {
  return createOpencodeClient({
    baseUrl: "http://127.0.0.1:1",
    fetch: async (input) => {
      const { pathname } = new URL(new Request(input).url);
      const [, , id = "", what] = pathname.split("/");
      const answer = answers[pathname];
      if (answer) return answer();
      if (what === "message") return Response.json([]);
      return Response.json(what === "children" ? (CHILDREN[id] ?? []).map(infoOf) : infoOf(id));
    },
  });
}

test("the sessions below a session come with it, and those below them", async () => {
  const { raw, notes } = await readSessionFrom(serverWith(), "ses_a");
  expect([[...raw.keys()], notes]).toEqual([["ses_a", "ses_b", "ses_c"], []]);
});

test.each<[string, () => Response, string]>([
  ["refuses", () => Response.json({ message: "database is locked" }, { status: 500 }), "database is locked"],
  ["says something else", () => Response.json({ sessions: [] }), "no list of sessions"],
  ["breaks off", () => Response.error(), "could not"],
])("subagents of whom the server %s are not lost without a word, at any depth", async (_, answer, why) => {
  for (const [parent, left] of [
    ["ses_a", ["ses_a"]],
    ["ses_b", ["ses_a", "ses_b"]],
  ] as const) {
    const { raw, notes } = await readSessionFrom(serverWith({ [`/session/${parent}/children`]: answer }), "ses_a");
    expect([...raw.keys()]).toEqual(left);
    expect(notes).toEqual([
      expect.stringMatching(`opencode could not say which sessions were started by ${parent}.*${why}`),
    ]);
  }
});
