import { expect, onTestFinished, test } from "vitest";
import { resolveDestinations } from "../../src/deliver/destinations/resolve-destinations.js";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../src/opencode/read/read-export.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { openSpanIds } from "../../src/trace/open-spans.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { langfuseAt, SECRET_KEY } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { fixtureNames, loadFixture, onlyOne, traceOf } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";
import { cuts, earlier } from "./earlier.js";

test.each(fixtureNames)("%s: what is closed while a turn is at work is as it will always be", (name) => {
  const { tree, log } = loadFixture(name);
  const finished = new Map(
    traceSession(tree, { log })
      .flatMap((trace) => describeTrace(trace, {}))
      .map((span) => [span.spanId, span]),
  );
  for (const [message, parts] of cuts(name)) {
    for (const trace of earlier(name, message, parts)) {
      const open = openSpanIds(trace);
      if (open.size === 0) continue;
      for (const span of describeTrace(trace, {})) {
        if (open.has(span.spanId)) continue;
        const later = finished.get(span.spanId);
        expect({ name: span.name, start: span.start, end: span.end }).toEqual({
          name: later?.name,
          start: later?.start,
          end: later?.end,
        });
        expect(span.attributes).toEqual(later?.attributes);
      }
    }
  }
});

test("a turn that was traced while it was at work, and again later, arrives whole, each span once", async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const destinations = [langfuseAt(receiver.url)];
  const paths = await temporaryStore();
  const name = "multistep@1.18.33";
  const { tree, log } = loadFixture(name);
  const whole = onlyOne(traceSession(tree, { log }));
  const partial = onlyOne(earlier(name, 2, 3));
  const clock = fakeClock(partial.loop.end + 5_000);

  const exporter = new TraceExporter({ destinations, paths, clock });
  await exporter.export([partial]);
  const first = receiver.spans().map((span) => span.name);
  expect(first).toContain("loop.step-0");
  expect(first).not.toContain("opencode.loop");

  await exporter.export([whole]);
  const expected = describeTrace(whole, {}).map(({ spanId }) => spanId);
  const arrived = receiver.spans().map(({ spanId }) => spanId);
  expect(arrived.toSorted()).toEqual(expected.toSorted());
  expect(receiver.spans().at(-1)?.name).toBe("opencode.loop");
  expect(receiver.violations).toEqual([]);
});

test("a turn that was last seen an hour ago is sent as it is, and so is one on demand", async () => {
  const partial = onlyOne(earlier("multistep@1.18.33", 2, 3));
  for (const [after, force] of [
    [3_600_001, false],
    [5_000, true],
  ] as const) {
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const place = { paths: await temporaryStore(), clock: fakeClock(partial.loop.end + after) };
    const exporter = new TraceExporter({ destinations: [langfuseAt(receiver.url)], ...place });
    await exporter.export([partial], { force });
    expect(receiver.spans().map((span) => span.name)).toContain("opencode.loop");
  }
});

test("the keys of a destination reach none, wherever the session holds them", async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const destination = langfuseAt(receiver.url);
  const { text } = loadFixture("multistep@1.18.33");
  // What the agent would see of its environment, and what a title or a file's name could hold.
  const leaking = text
    .replaceAll('"output": "', `"output": "LANGFUSE_SECRET_KEY=${SECRET_KEY} `)
    .replace(/"title": "[^"]*"/, `"title": "key ${SECRET_KEY}"`);
  expect(leaking.split(SECRET_KEY).length).toBeGreaterThan(5);
  const traces = assembleSessions([exportFromJson(JSON.parse(leaking), "leaking")]).flatMap((tree) =>
    traceSession(tree),
  );
  const paths = await temporaryStore();
  const trace = { metadata: { note: SECRET_KEY } };
  await new TraceExporter({ destinations: [destination], trace, paths }).export(traces);
  const bodies = receiver.requests.map(({ body }) => body).join("");
  expect(bodies).toContain("[masked: key]");
  for (const secret of destination.secrets) expect(bodies).not.toContain(secret);
  expect(receiver.violations).toEqual([]);
});

test("a collector in front of Langfuse gets the spans that Langfuse gets, and nothing but spans", async () => {
  const trace = traceOf("multistep@1.18.33");
  const sentTo = async (dialect: "langfuse" | "otlp", shape?: "langfuse") => {
    const receiver = await startReceiver({ dialect });
    onTestFinished(() => receiver.close());
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...(shape ? { LOOPTRACE_OTLP_SHAPE: shape } : {}) };
    const destinations = dialect === "otlp" ? resolveDestinations({ env }) : [langfuseAt(receiver.url)];
    await new TraceExporter({ destinations, paths: await temporaryStore() }).export([trace]);
    expect(receiver.violations).toEqual([]);
    return receiver;
  };
  const [langfuse, collector, other] = [
    await sentTo("langfuse"),
    await sentTo("otlp", "langfuse"),
    await sentTo("otlp"),
  ];
  expect(collector.spans()).toEqual(langfuse.spans());
  expect(collector.requests.map(({ path }) => path)).toEqual(["/v1/traces"]);
  expect(other.spans().map(({ name }) => name)).not.toEqual(collector.spans().map(({ name }) => name));
});
