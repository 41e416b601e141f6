import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Destination } from "../../src/deliver/destinations/destination.js";
import { resolveDestinations } from "../../src/deliver/destinations/resolve-destinations.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { discardOutbox } from "../../src/deliver/queue/discard-outbox.js";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { TraceExporter, type TraceExporterOptions } from "../../src/export/trace-exporter.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { langfuseAt, otlpAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { traceOf } from "../support/fixtures.js";
import { readPoints, totalOf } from "../support/received-metrics.js";
import { readSpans } from "../support/received-spans.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

const trace = traceOf("plain-answer@1.18.33");
const SPANS = 3;

/** The same turn as another one. */
function another(name: string): LoopTrace {
  const id = (text: string) => `${name}${text}`.slice(0, text.length);
  const { loop } = trace;
  const steps = loop.steps.map((step) => ({
    ...step,
    spanId: id(step.spanId),
    call: step.call && { ...step.call, spanId: id(step.call.spanId) },
  }));
  return { ...trace, traceId: id(trace.traceId), loop: { ...loop, spanId: id(loop.spanId), steps } };
}

/** A Langfuse that says which project the keys are of, and how often it was asked. */
async function langfuse(): Promise<{ readonly url: string; readonly asked: () => number }> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end('{"data":[{"id":"project-1"}]}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

/** An exporter whose destinations answer as the test says; `asked` lists who was. */
async function exporting(
  destinations: readonly Destination[],
  more: Omit<Partial<TraceExporterOptions>, "clock"> = {},
) {
  const paths = await temporaryStore();
  const clock = fakeClock(trace.loop.end + 86_400_000);
  const asked: string[] = [];
  let answer: SendResult = { kind: "acknowledged" };
  const send = async ({ id }: Destination): Promise<SendResult> => {
    asked.push(id);
    return answer;
  };
  return {
    ...{ paths, clock, asked },
    exporter: new TraceExporter({ destinations, paths, clock, send, trace: { scores: false }, ...more }),
    answers: (now: SendResult) => {
      answer = now;
    },
  };
}

const away: SendResult = { kind: "misdirected", status: 404, message: "answered 404" };

test("a destination that kept a delivery waiting is left alone for 30 s; what is for it is stored", async () => {
  const destination = langfuseAt("http://127.0.0.1:1");
  const { exporter, answers, asked, clock, paths } = await exporting([destination]);
  answers(away);
  expect(await exporter.export([trace])).toMatchObject([{ pending: { spans: SPANS }, lastError: "answered 404" }]);
  expect(exporter.reachable()).toEqual([]);
  answers({ kind: "acknowledged" });
  expect(await exporter.export([another("b")])).toMatchObject([
    { acknowledged: 0, pending: { spans: SPANS, unsavedSpans: 0 }, lastError: undefined },
  ]);
  expect((await exporter.flush()).reports).toEqual([]);
  expect(asked).toHaveLength(1);
  expect(await outboxStatus(paths)).toMatchObject([{ spans: 2 * SPANS }]);

  await clock.sleep(30_000, undefined);
  expect(exporter.reachable()).toEqual([destination]);
  expect(await exporter.export([another("c")])).toMatchObject([{ acknowledged: SPANS }]);
  expect((await exporter.flush()).reports).toMatchObject([{ acknowledged: 2 * SPANS }]);
  expect(await outboxStatus(paths)).toMatchObject([{ spans: 0 }]);
});

test("what is practised leaves nothing, and goes to nobody", async () => {
  const given: string[] = [];
  const replace = (text: string): string => {
    given.push(text);
    return text;
  };
  const destinations = [langfuseAt("http://127.0.0.1:1"), otlpAt("http://127.0.0.1:2")];
  const { exporter, asked, paths } = await exporting(destinations, { masking: { environment: {}, replace } });
  await exporter.practise([trace], new AbortController().signal);
  expect([asked, given, existsSync(paths.outbox), existsSync(paths.sent)]).toEqual([[], [], false, false]);
  // It would have seen them.
  await exporter.export([trace]);
  expect(asked).toHaveLength(2);
  expect(given.length).toBeGreaterThan(0);
  expect(existsSync(paths.sent)).toBe(true);
});

test("what is practised ends when the answer is there", async () => {
  const { exporter } = await exporting([langfuseAt("http://127.0.0.1:1")]);
  const reason = new Error("the answer is there");
  await expect(exporter.practise([trace], AbortSignal.abort(reason))).rejects.toMatchObject({ cause: reason });
});

test("a flush of all asks those too that are left alone, and one that succeeds ends that", async () => {
  const destination = langfuseAt("http://127.0.0.1:1");
  const { exporter, answers } = await exporting([destination]);
  answers(away);
  await exporter.export([trace]);
  expect((await exporter.flush({ all: true })).reports).toMatchObject([{ pending: { spans: SPANS } }]);
  answers({ kind: "acknowledged" });
  expect((await exporter.flush({ all: true })).reports).toMatchObject([{ acknowledged: SPANS }]);
  expect(await exporter.export([another("b")])).toMatchObject([{ acknowledged: SPANS }]);
});

test("what a turn at work sends in vain is no reason to store the end of the turn only", async () => {
  const destination = langfuseAt("http://127.0.0.1:1");
  const { exporter, answers, asked } = await exporting([destination]);
  answers(away);
  const atWork = traceOf("multistep@1.18.33");
  for (let look = 0; look < 2; look += 1) await exporter.export([atWork], { atWork: true });
  expect(asked).toHaveLength(1);
  expect(exporter.reachable()).toEqual([destination]);
  await exporter.export([trace]);
  expect(asked).toHaveLength(2);
  expect(exporter.reachable()).toEqual([]);
  await exporter.export([atWork], { atWork: true });
  expect(asked).toHaveLength(2);
});

test("a flush that finds nothing to send does not end that a destination is left alone", async () => {
  const destination = langfuseAt("http://127.0.0.1:1");
  const { exporter, answers, paths } = await exporting([destination]);
  answers(away);
  await exporter.export([trace]);
  await discardOutbox(paths, destination.id);
  expect((await exporter.flush({ all: true })).reports).toMatchObject([{ acknowledged: 0, pending: { spans: 0 } }]);
  expect(exporter.reachable()).toEqual([]);
});

test("a destination is left alone for no longer than 30 s when the clock is set back meanwhile", async () => {
  const destination = langfuseAt("http://127.0.0.1:1");
  const paths = await temporaryStore();
  const clock = fakeClock(trace.loop.end + 86_400_000);
  let setBackMs = 0;
  const exporter = new TraceExporter({
    destinations: [destination],
    paths,
    clock: { ...clock, now: () => clock.now() - setBackMs },
    send: async () => away,
  });
  await exporter.export([trace]);
  expect(exporter.reachable()).toEqual([]);
  setBackMs = 3_600_000;
  expect(exporter.reachable()).toEqual([destination]);
});

test("one that is left alone keeps no other one waiting", async () => {
  const [down, up] = [langfuseAt("http://127.0.0.1:1"), otlpAt("http://127.0.0.1:2")];
  const send = async ({ id }: Destination): Promise<SendResult> => (id === down.id ? away : { kind: "acknowledged" });
  const { exporter } = await exporting([down, up], { send });
  for (const name of ["a", "b"])
    expect(await exporter.export([another(name)])).toMatchObject([
      { pending: { spans: SPANS } },
      { acknowledged: SPANS },
    ]);
  expect(exporter.reachable()).toEqual([up]);
});

test("a trace's address is in the first Langfuse that took something, which is asked once for it", async () => {
  const { url, asked } = await langfuse();
  const { exporter } = await exporting([otlpAt(url), langfuseAt(url)]);
  expect(await exporter.linkTo(trace)).toBeUndefined();
  await exporter.export([trace]);
  expect(await exporter.linkTo(trace)).toBe(`${url}/project/project-1/traces/${trace.traceId}`);
  expect(await exporter.linksTo([trace])).toEqual({ [trace.traceId]: await exporter.linkTo(trace) });
  expect(asked()).toBe(1);
});

test("it is that of the trace that it hangs in, when there is one", async () => {
  const { url } = await langfuse();
  const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  const { exporter } = await exporting([langfuseAt(url)], { trace: { parent } });
  await exporter.export([trace]);
  expect(await exporter.linkTo(trace)).toBe(`${url}/project/project-1/traces/${parent.traceId}`);
});

test("there is none where nothing arrived", async () => {
  const { url, asked } = await langfuse();
  const { exporter, answers } = await exporting([langfuseAt(url)]);
  answers(away);
  await exporter.export([trace]);
  expect(await exporter.linksTo([trace])).toEqual({});
  expect(asked()).toBe(0);
});

test("Langfuse and another backend get the same spans, each in its own words, and each once", async () => {
  const destinations = [langfuseAt("http://127.0.0.1:1"), otlpAt("http://127.0.0.1:2")];
  const bodies = new Map<string, string[]>(destinations.map(({ id }) => [id, []]));
  const send = async ({ id }: Destination, body: Uint8Array): Promise<SendResult> => {
    bodies.get(id)?.push(new TextDecoder().decode(body));
    return { kind: "acknowledged" };
  };
  const { exporter } = await exporting(destinations, { send });
  await exporter.export([trace]);
  await exporter.export([trace]);
  const [ours, theirs] = destinations.map(({ id }) => {
    expect(bodies.get(id)).toHaveLength(1);
    return readSpans(JSON.parse(bodies.get(id)?.[0] ?? ""), []);
  });
  expect(ours?.map(({ name }) => name)).toEqual(["loop.step-0", "llm-call-0", "opencode.loop"]);
  expect(theirs?.map(({ name }) => name)).toEqual(["loop.step-0", "chat m1", "invoke_agent build"]);
  expect(theirs?.map(({ spanId }) => spanId)).toEqual(ours?.map(({ spanId }) => spanId));
  expect(JSON.stringify(theirs)).not.toContain("langfuse");
});

test.each(["http/json", "http/protobuf"])(
  "metrics arrive once as %s, whatever becomes of a delivery",
  async (protocol) => {
    const receiver = await startReceiver({ dialect: "otlp" });
    onTestFinished(() => receiver.close());
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_METRICS_EXPORTER: "otlp",
    };
    const destinations = resolveDestinations({ env });
    const paths = await temporaryStore();
    const clock = fakeClock(trace.loop.end + 86_400_000);
    const exporter = () => new TraceExporter({ destinations, paths, clock });
    const turns = [trace, another("a"), another("b")];
    const at = { "/v1/metrics": { kind: "status", status: 503 } } as const;
    receiver.behave({ dialect: "otlp", at });
    expect(await exporter().export(turns.slice(0, 2), { budgetMs: 1 })).toMatchObject([
      { pending: { spans: 0 }, beside: { metrics: { pending: 2 } } },
    ]);
    receiver.behave({ dialect: "otlp" });
    // The same turns again by another process, and one more; then what was left, and all of it once more.
    await exporter().export(turns);
    await exporter().flush();
    expect(await exporter().export(turns)).toMatchObject([{ beside: { metrics: { acknowledged: 0, pending: 0 } } }]);
    const points = receiver.metrics().flatMap(readPoints);
    const { usage } = trace.loop.totals;
    expect(totalOf(points, "looptrace.tokens", { "looptrace.token.kind": "input" })).toBe(3 * usage.input);
    expect(totalOf(points, "looptrace.tokens", { "looptrace.token.kind": "output" })).toBe(3 * usage.output);
    expect(new Set(points.map(({ resource }) => resource["service.instance.id"])).size).toBe(3);
    expect(receiver.violations).toEqual([]);
  },
);

test("a turn at work adds nothing to metrics until it is over", async () => {
  const sent: string[] = [];
  const destination = resolveDestinations({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_METRICS_EXPORTER: "otlp" },
  });
  const send: TraceExporterOptions["send"] = async (_to, _body, { kind = "traces" } = {}) => {
    sent.push(kind);
    return { kind: "acknowledged" };
  };
  const { exporter } = await exporting(destination, { send });
  const open = { ...trace.loop, outcome: "unfinished" as const };
  await exporter.export([{ ...trace, loop: open }], { atWork: true });
  expect(sent).toEqual([]);
  await exporter.export([trace]);
  expect(sent).toEqual(["traces", "metrics"]);
});
