import { expect, test } from "vitest";
import { InvalidExportError } from "../../../src/errors/invalid-export-error.js";
import { readExport } from "../../../src/opencode/read/read-export.js";
import { loadFixture, traceOf } from "../../support/fixtures.js";

const { text, session } = loadFixture("plain-answer@1.18.33");
const { id } = session.info;
const raw = JSON.parse(text);
const lines = (...all: readonly object[]): string => all.map((one) => JSON.stringify(one)).join("\n");

const time = { created: 1_795_881_802_960 };
const observation = {
  id: "0b1c",
  traceId: "7f",
  type: "GENERATION",
  name: "llm-call-0",
  startTime: "2026-01-01",
};

test.each<readonly [string, string, string]>([
  [
    "messages from opencode 2's server",
    JSON.stringify({ data: [{ id: "msg_1", type: "assistant", content: [], time }], cursor: {} }),
    "opencode session export <session> > file.json",
  ],
  [
    "the stream of run --format json",
    lines(
      { type: "step_start", timestamp: 1, sessionID: id, part: { type: "step-start" } },
      { type: "text", timestamp: 2, sessionID: id, part: { type: "text", text: "Hi." } },
    ),
    `opencode export ${id} > file.json`,
  ],
  [
    "the stream of a run that failed at once",
    lines({ type: "error", timestamp: 1, sessionID: id, error: { name: "UnknownError" } }),
    "run --format json",
  ],
  [
    "Claude Code's transcript",
    lines(
      { type: "summary", summary: "A title", leafUuid: "1" },
      {
        type: "user",
        uuid: "2",
        parentUuid: null,
        sessionId: "3",
        message: { role: "user", content: "Hi." },
      },
    ),
    "Claude Code",
  ],
  [
    "Claude Code's transcript that begins with a snapshot",
    lines({ type: "file-history-snapshot", messageId: "1", snapshot: {} }),
    "Claude Code",
  ],
  ["Claude Code's stream", lines({ type: "system", subtype: "init", session_id: "1" }), "Claude Code"],
  ["Codex' transcript", lines({ timestamp: "t", type: "session_meta", payload: { id: "1" } }), "Codex"],
  ["a trace of Langfuse", JSON.stringify({ id: "t", timestamp: "t", observations: [observation] }), "Langfuse"],
  ["a download of Langfuse", JSON.stringify({ trace: { id: "t" }, observations: [observation] }), "Langfuse"],
  ["observations of Langfuse", JSON.stringify([observation]), "Langfuse"],
  ["the same as lines", lines(observation, observation), "Langfuse"],
  ["a page of Langfuse's API", JSON.stringify({ data: [observation], meta: { page: 1 } }), "Langfuse"],
  ["what a share link loads", JSON.stringify([{ type: "session", data: { id } }]), "share link"],
  ["the same in its first form", JSON.stringify({ info: raw.info, messages: { msg_1: {} } }), "share link"],
  ["a session of the storage folder", JSON.stringify(raw.info), `opencode export ${id} > file.json`],
  ["a message of the storage folder", JSON.stringify(raw.messages[0].info), "one message, as opencode's storage"],
  ["a part of the storage folder", JSON.stringify(raw.messages[0].parts[0]), "one part of a message"],
  ["messages of opencode's server", JSON.stringify(raw.messages), "messages without the session"],
  ["a list of exports", JSON.stringify([raw]), "list of exports"],
  ["traces of looptrace's own", JSON.stringify([traceOf("plain-answer@1.18.33")]), "traces, as looptrace prints"],
  ["spans", JSON.stringify({ resourceSpans: [] }), "OTLP"],
  ["results of a batch", lines({ id: "1", digest: "d", sessionId: id, traceIds: [] }), "results of looptrace batch"],
  ["a web page", "<!DOCTYPE html>\n<html><head><title>opencode</title></head></html>", "web page"],
  ["a transcript", `# A title\n\n**Session ID:** ${id}\n\n## User\n`, `opencode export ${id} > file.json`],
  ["a database", "SQLite format 3\0\u0010\0", "database"],
  ["a compressed file", Buffer.from([0x1f, 0x8b, 8, 0, 1, 2]).toString("utf8"), "compressed"],
  ["an empty file", "", "is empty"],
  ["nothing but a mark and white space", "\uFEFF \r\n", "is empty"],
])("%s is called what it is", (_, given, said) => {
  const refuse = (): unknown => readExport(given, "there.json");
  expect(refuse).toThrow(InvalidExportError);
  expect(refuse).toThrow(/^there\.json: /);
  expect(refuse).toThrow(said);
});

test("what it names is never more than a session's id", () => {
  const hostile = lines({ type: "text", timestamp: 1, sessionID: "ses_1; rm -rf ~", part: {} });
  expect(() => readExport(hostile, "x")).toThrow("opencode export <session> > file.json");
});
