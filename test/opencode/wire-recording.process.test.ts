import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Progress } from "../../src/opencode/request/progress.js";
import { readRecording } from "../../src/wire/recording/read-recording.js";
import { segmentsOf } from "../../src/wire/segments/segments-of.js";
import { startMcpServer } from "../cli/mcp-server.js";
import { loadScenario } from "../provider/load-scenario.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { driveAt } from "../support/play-drive.js";
import { madeScenario, usage } from "../support/play-run.js";
import { expectRecorded } from "../support/recorded-wire.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

test("tools of a server, an image, packed answers, two runs at once on one server", async () => {
  const mcp = await startMcpServer();
  onTestFinished(() => mcp.close());
  const toolCalls = [{ id: "call_ticket", name: "tickets_lookup", arguments: { ticket: 7 } }];
  const lanes = [
    {
      name: "one",
      match: "first",
      replies: [
        { encoding: "gzip", toolCalls, usage },
        { encoding: "br", text: "It squeaks.", usage },
      ],
    },
    { name: "two", match: "second", replies: [{ encoding: "deflate", text: "It is red.", usage }] },
  ];
  const more = {
    lanes,
    models: [{ id: "m1", images: true }],
    opencode: { mcp: { tickets: { type: "remote", url: mcp.url } } },
  };
  await using bench = await warmOpenCode(madeScenario([], more));
  const image = join(bench.workdir, "pixel.png");
  await writeFile(image, Buffer.from(PIXEL, "base64"));
  const drive = driveAt(bench, "server");
  const [first, second] = await Promise.all([
    drive({ message: "The first.", wire: "full" }),
    drive({ message: "The second.", wire: "full", files: [image] }),
  ]);
  expectRecorded(`${first.wire}${second.wire}`, bench.provider);
  const read = (wire: string | null) => readRecording(wire ?? "", "recording").exchanges;
  const encodings = [...read(first.wire), ...read(second.wire)].map(
    ({ response }) => response?.headers["content-encoding"],
  );
  expect(encodings.filter(Boolean).sort()).toEqual(["br", "deflate", "gzip"]);
  const ownersIn = (wire: string | null) =>
    read(wire).flatMap((exchange) =>
      segmentsOf(exchange, { mcpServers: ["tickets"], agent: "build" }).map(({ owner }) => owner),
    );
  expect(ownersIn(first.wire)).toContainEqual({
    kind: "tool-schema",
    tool: "tickets_lookup",
    origin: "mcp",
    server: "tickets",
  });
  expect(ownersIn(first.wire)).toContainEqual(expect.objectContaining({ kind: "tool-result", tool: "tickets_lookup" }));
  expect(ownersIn(second.wire)).toContainEqual(expect.objectContaining({ kind: "attachment", mime: "image/png" }));
});

test("a request that opencode ends, with what had come of its answer", async () => {
  const [reply] = [{ delayMs: 20, text: "It began", fault: { type: "hang", at: "mid-stream" } }];
  await using bench = await warmOpenCode(madeScenario([reply]));
  const ending = new AbortController();
  // What opencode tells of it, it has.
  const onProgress = ({ phase }: Progress) => {
    if (phase.kind === "streaming") ending.abort();
  };
  const { wire } = await driveAt(bench, "server")({ wire: "full" }, { signal: ending.signal, onProgress });
  const { exchanges } = readRecording(wire ?? "", "recording");
  const main = exchanges.find(({ body }) => body.text?.includes('"model":"m1"'));
  expect(main?.end.how).toBe("aborted");
  expect(main?.response?.chunks.map(({ text }) => text).join("")).toContain('"content":"It"');
});

test("a file that is to be preloaded already has its place, and a note says so", async () => {
  await using bench = await warmOpenCode(await loadScenario("plain-answer"));
  const environment = { ...bench.env, BUN_INSPECT_PRELOAD: "/dev/null" };
  const { wire, notes, exit } = await driveAt(bench, "server")({ wire: "full", environment });
  expect({ wire, exit }).toEqual({ wire: null, exit: { kind: "served" } });
  expect(notes).toEqual([
    expect.stringMatching(/^What opencode sent to the model was not recorded: BUN_INSPECT_PRELOAD/),
  ]);
});
