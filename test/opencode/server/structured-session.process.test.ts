import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { drive } from "../../../src/opencode/drive.js";
import { allowColdStarts } from "../../support/cold-starts.js";
import { messagesOf } from "../../support/generation1.js";
import { answer, type Json, madeScenario, usage } from "../../support/play-run.js";
import { warmOpenCode } from "../../support/warm-opencode.js";

allowColdStarts();

const schema = { type: "object", properties: { price: { type: "number" } } };
const value: Json = {
  delayMs: 20,
  toolCalls: [{ id: "call_out", name: "StructuredOutput", arguments: { price: 9 } }],
  usage,
};

async function place(replies: readonly Json[]) {
  const bench = await warmOpenCode(madeScenario(replies));
  onTestFinished(() => bench.remove());
  // Whoever needs the export gets none.
  const withoutExport = join(bench.home, "opencode");
  await writeFile(withoutExport, `#!/bin/sh\n[ "$1" = export ] && exit 9\nexec '${bench.binary}' "$@"\n`);
  await chmod(withoutExport, 0o755);
  const request = { message: "Go.", directory: bench.workdir, environment: bench.env };
  return { bench, request, withoutExport };
}

test("a session that begins with a structured answer is read without opencode's export, to the byte as that writes it", async () => {
  const { bench, request, withoutExport } = await place([value, answer]);
  const file = join(bench.workdir, "prices.txt");
  await writeFile(file, "pear 9\n");
  const first = await drive({ ...request, opencode: withoutExport, schema, files: [file] });
  expect(first.notes).toEqual([]);
  const sessionId = first.sessionId ?? "";
  // Its first message was told to the run before, so now nothing but the export has it.
  const second = await drive({ ...request, opencode: bench.binary, session: sessionId });
  expect(second.notes).toEqual([]);
  const messagesIn = (text = "{}"): readonly unknown[] => JSON.parse(text).messages;
  const [read, exported] = [messagesIn(first.raw.get(sessionId)), messagesIn(second.raw.get(sessionId))];
  expect([read.length, exported.length]).toEqual([2, 4]);
  expect(JSON.stringify(read, null, 2)).toBe(JSON.stringify(exported.slice(0, 2), null, 2));
  expect(JSON.stringify(read)).toContain("pear 9");
});

test("a session in which a structured answer comes later is read without it too, whoever asked for it", async () => {
  const { request, withoutExport } = await place([answer, value, answer]);
  const opencode = withoutExport;
  const { sessionId } = await drive({ ...request, opencode });
  await drive({ ...request, opencode, schema, session: sessionId ?? "" });
  const { tree, notes } = await drive({ ...request, opencode, session: sessionId ?? "" });
  expect(notes).toEqual([]);
  const answers = messagesOf(tree?.session).flatMap(({ info }) =>
    info.role === "assistant" ? [info.structured ?? info.finish] : [],
  );
  expect(answers).toEqual(["stop", { price: 9 }, "stop"]);
});
