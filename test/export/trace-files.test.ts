import { createHash } from "node:crypto";
import { LangfuseMedia } from "@langfuse/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { TraceExporter, type TraceExporterOptions } from "../../src/export/trace-exporter.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { langfuseAt, otlpAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { onlyOne } from "../support/fixtures.js";
import { loadOpencode2 } from "../support/opencode2-fixtures.js";
import { PNG } from "../support/other-requests.js";
import type { ReceivedSpan } from "../support/received-spans.js";
import { type Receiver, type ReceiverBehaviour, startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";
import { answer, assistant, exportOf, mint, stepFinish, stepStart, tool, treeOf, user } from "../trace/make-session.js";

const url = (mime: string, bytes: Uint8Array | string): string =>
  `data:${mime};base64,${Buffer.from(bytes).toString("base64")}`;
const attached = (at: number, mime: string, bytes: Uint8Array | string, filename = "shot.png") => ({
  ...{ id: mint("prt", at), messageID: mint("msg", at), sessionID: "ses_1", type: "file" },
  ...{ mime, filename, url: url(mime, bytes) },
});
const said = (at: number, text: string) => ({
  ...{ id: mint("prt", at), messageID: mint("msg", at), sessionID: "ses_1", type: "text", text },
});

/** A turn whose prompt has a file, and whose tool returns one. */
function turnWith(mime: string, bytes: Uint8Array | string, returned: Uint8Array | string = bytes): LoopTrace {
  const state = { attachments: [{ mime, url: url(mime, returned), filename: "seen.png" }] };
  return onlyOne(
    traceSession(
      treeOf(
        exportOf([
          user(10, [said(10, "What is this?"), attached(10, mime, bytes)]),
          assistant(20, 60, [stepStart(20), tool(30, 40, 50, { tool: "read", state }), stepFinish(60)], {
            finish: "tool-calls",
          }),
          answer(70, 90, "A dot."),
        ]),
      ),
    ),
  );
}

const DOT = turnWith("image/png", PNG);

async function exporting(behaviour: ReceiverBehaviour = {}, options: Partial<TraceExporterOptions> = {}) {
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  const destination = behaviour.dialect === "otlp" ? otlpAt(receiver.url) : langfuseAt(receiver.url);
  const clock = fakeClock(1_800_000_000_000);
  const paths = await temporaryStore();
  return { receiver, exporter: new TraceExporter({ destinations: [destination], paths, clock, ...options }) };
}

const inputOf = ({ attributes }: ReceivedSpan): unknown => JSON.parse(String(attributes["langfuse.observation.input"]));
const outputOf = ({ attributes }: ReceivedSpan): unknown =>
  JSON.parse(String(attributes["langfuse.observation.output"]));

function spanOf(receiver: Receiver, name: string): ReceivedSpan {
  return onlyOne(receiver.spans().filter((span) => span.name === name));
}

const ID = createHash("sha256").update(PNG).digest("base64url").slice(0, 22);
const REFERENCE = `@@@langfuseMedia:type=image/png|id=${ID}|source=base64_data_uri@@@`;

test("a file is uploaded once, and stands where it was attached and where a tool returned it", async () => {
  const { receiver, exporter } = await exporting();
  const trace = DOT;
  const [report] = await exporter.export([trace]);
  expect(report).toMatchObject({ pending: { requests: 0 }, beside: { media: { rejected: 0, pending: 0 } } });
  expect(receiver.violations).toEqual([]);

  const image = { type: "image_url", image_url: { url: REFERENCE }, mime: "image/png" };
  const asked = [
    {
      role: "user",
      content: [
        { type: "text", text: "What is this?" },
        { ...image, filename: "shot.png" },
      ],
    },
  ];
  expect(inputOf(spanOf(receiver, "opencode.loop"))).toEqual(asked);
  expect(inputOf(spanOf(receiver, "llm-call-0"))).toEqual(asked);
  expect(inputOf(spanOf(receiver, "llm-call-1"))).toMatchObject([
    { role: "tool", content: [{ type: "text" }, { ...image, filename: "seen.png" }] },
  ]);
  expect(outputOf(spanOf(receiver, "tool.read"))).toMatchObject({
    attachments: [{ mime: "image/png", url: REFERENCE }],
  });

  expect([...receiver.media()]).toMatchObject([[ID, { puts: 1, contentType: "image/png", bytes: PNG }]]);
  const names = new Map(receiver.spans().map(({ spanId, name }) => [spanId, name]));
  const links = receiver.media().get(ID)?.links ?? [];
  const shown = links.map(({ observationId = "", field }) => `${names.get(observationId)} ${field}`);
  expect(shown.filter((one) => !one.startsWith("loop.step")).sort()).toEqual([
    "llm-call-0 input",
    "llm-call-1 input",
    "opencode.loop input",
    "tool.read output",
  ]);
  expect(new Set(links.map(({ traceId }) => traceId))).toEqual(new Set([trace.traceId]));
  const spans = receiver.requests.filter(({ path }) => path.endsWith("/traces")).map(({ body }) => body);
  expect(spans.some((body) => body.includes(PNG.toString("base64").slice(0, 40)))).toBe(false);
});

test("the reference is the one that Langfuse's own SDK makes", async () => {
  const media = new LangfuseMedia({ source: "base64_data_uri", base64DataUri: url("image/png", PNG) });
  expect(await media.getTag()).toBe(REFERENCE);
});

test.each(["image", "image@2026-07-20", "mcp"])(
  "opencode 2 as it was recorded with %s sends its pictures",
  async (name) => {
    const { receiver, exporter } = await exporting();
    const reports = await exporter.export(traceSession(loadOpencode2(name).tree));
    expect(reports).toMatchObject([{ pending: { requests: 0 }, beside: { media: { rejected: 0 } } }]);
    const files = [...receiver.media().values()];
    expect(files.length).toBeGreaterThan(0);
    for (const { contentType, uploadHttpStatus, puts } of files)
      expect({ contentType, uploadHttpStatus, puts }).toEqual({
        contentType: "image/png",
        uploadHttpStatus: 200,
        puts: 1,
      });
    expect(receiver.violations).toEqual([]);
  },
);

test("a trace that is sent again has its files there already", async () => {
  const { receiver, exporter } = await exporting();
  await exporter.export([DOT]);
  const asked = receiver.requests.length;
  expect(await exporter.export([DOT])).toMatchObject([
    { acknowledged: 0, beside: { media: { acknowledged: 0, pending: 0 } } },
  ]);
  expect(receiver.requests).toHaveLength(asked);
});

describe("what is not sent", () => {
  test.each([
    ["without content", { content: false }],
    ["with a limit of 0", { fileLimitBytes: 0 }],
    ["beyond the limit", { fileLimitBytes: PNG.byteLength - 1 }],
  ])("%s: no file, and no request for one", async (_, trace) => {
    const { receiver, exporter } = await exporting({}, { trace });
    expect(await exporter.export([DOT])).toMatchObject([{ beside: {} }]);
    const paths = receiver.requests.map(({ path }) => path);
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => path.startsWith("/api/public/media"))).toEqual([]);
    const wire = receiver.requests.map(({ body }) => body).join("");
    expect(wire).not.toContain("langfuseMedia");
    expect(wire.includes("bytes, not sent: larger than 69 bytes]")).toBe(
      "fileLimitBytes" in trace && trace.fileLimitBytes === 69,
    );
  });

  test("to other backends: they are told of a file, and get none", async () => {
    const { receiver, exporter } = await exporting({ dialect: "otlp" });
    expect(await exporter.export([DOT])).toMatchObject([{ beside: {} }]);
    expect(receiver.requests.map(({ body }) => body).join("")).not.toContain("langfuseMedia");
  });

  test("a file whose base64 masking has touched", async () => {
    const secret = PNG.toString("base64").slice(20, 50);
    const { receiver, exporter } = await exporting({}, { masking: { secrets: [secret] } });
    await exporter.export([DOT]);
    expect(receiver.media().size).toBe(0);
  });
});

test("a file that is a text is masked like any other text", async () => {
  const token = `ghp_${"a1B2c3D4e5".repeat(4)}`.slice(0, 40);
  const { receiver, exporter } = await exporting();
  // So far behind in a text, masking does not look into base64.
  const text = `${"lines of a log\n".repeat(20_000)}GITHUB_TOKEN=${token}\n`;
  await exporter.export([turnWith("text/plain", text)]);
  const uploaded = [...receiver.media().values()].map(({ bytes }) => bytes?.toString("utf8") ?? "");
  expect(uploaded.join("")).not.toContain(token);
  expect(receiver.requests.map(({ body }) => body).join("")).not.toContain(token);
  expect(uploaded).toEqual([expect.stringContaining("[masked")]);
  expect(receiver.violations).toEqual([]);
});

test.each([
  ["application/pdf", "application/pdf"],
  ["audio/wav", "audio/wav"],
  ["IMAGE/PNG", "image/png"],
  ["text/x-go", "text/plain"],
  ["application/x-odd", "application/octet-stream"],
])("%s goes as %s", async (mime, expected) => {
  const { receiver, exporter } = await exporting();
  await exporter.export([turnWith(mime, "%PDF-1.7 or so")]);
  expect([...receiver.media().values()].map(({ contentType }) => contentType)).toEqual([expected]);
  expect(receiver.violations).toEqual([]);
});
