import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { deliver } from "../../src/deliver/deliver.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { programCommand } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { langfuseAt, otlpWithMetricsAt } from "../support/destinations.js";
import { otlpRequest, otlpRequests } from "../support/otlp-requests.js";
import { patiently } from "../support/patience.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

allowColdStarts();

const SPANS = 200;

// The more requests have arrived when the process dies, the more receipts are written and files are removed.
test.each([1, 2, 7, 20, 39])("a process killed when %i of 40 requests have arrived loses nothing", async (arrived) => {
  const receiver = await startReceiver({ delayMs: 2 });
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const args = [paths.root, receiver.url, String(arrived), String(SPANS), "5"];
  const [node, program] = programCommand("test/deliver/deliver-and-die.ts");
  const child = spawn(node, [program, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await receiver.arrived(arrived);
  child.kill("SIGKILL");
  const [, signal] = await once(child, "exit");
  expect(signal).toBe("SIGKILL");

  const { reports } = await pushOutbox([langfuseAt(receiver.url)], { paths, budgetMs: patiently(30_000) });
  expect(reports).toMatchObject([{ pending: { spans: 0 }, rejected: 0, problems: [] }]);
  const ids = receiver.spans().map((span) => span.spanId);
  expect(new Set(ids)).toEqual(new Set(otlpRequest(SPANS).spanIds));
  // Only what was under way when it died can come twice: four requests of five spans.
  expect(ids.length).toBeLessThanOrEqual(SPANS + 4 * 5);
  expect(receiver.violations).toEqual([]);
  expect(await outboxStatus(paths)).toMatchObject([{ requests: 0, spans: 0 }]);
});

/** Makes that no file is synced, as on a disk that takes for ever. */
const WITHOUT_SYNC = `data:text/javascript,${encodeURIComponent(`
  import { open } from "node:fs/promises";
  const file = await open(process.execPath);
  const methods = Object.getPrototypeOf(file);
  const { sync } = methods;
  methods.sync = async function () {
    return (await this.stat()).isFile() ? new Promise(() => setInterval(() => {}, 1_000)) : sync.call(this);
  };
  await file.close();
`)}`;

test("what a killed process had noted and not synced is not sent again", async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const destination = langfuseAt(receiver.url);
  // What a delivery writes down but once is there.
  await deliver([otlpRequest(1, { trace: 2 })], [destination], { paths });
  const [node, program] = programCommand("test/deliver/deliver-and-die.ts");
  const args = [paths.root, receiver.url, "1", String(SPANS), "5"];
  const child = spawn(node, ["--import", WITHOUT_SYNC, program, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await receiver.arrived(41);
  await expect.poll(async () => (await outboxStatus(paths)).map(({ requests }) => requests)).toEqual([0]);
  expect(child.exitCode).toBe(null);
  child.kill("SIGKILL");
  await once(child, "exit");

  const [report] = await deliver(otlpRequests(SPANS, 5), [destination], { paths });
  expect(report).toMatchObject({ acknowledged: 0, alreadyAcknowledged: SPANS, problems: [] });
  expect(receiver.requests).toHaveLength(41);
});

// With 4 requests of spans, 8 scores, and 8 spans that show 3 files between them: POST, PUT, PATCH, and POST again.
test.each([5, 9, 14, 18, 22])(
  "a process killed when %i requests have arrived loses no score and no file either, and none comes twice to stay",
  async (arrived) => {
    const receiver = await startReceiver({ delayMs: 2 });
    onTestFinished(() => receiver.close());
    const paths = await temporaryStore();
    const [node, program] = programCommand("test/deliver/deliver-and-die.ts");
    const child = spawn(node, [program, paths.root, receiver.url, "1", "20", "5", "8"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await receiver.arrived(arrived);
    child.kill("SIGKILL");
    await once(child, "exit");

    const { reports } = await pushOutbox([langfuseAt(receiver.url)], { paths, budgetMs: patiently(30_000) });
    expect(reports).toMatchObject([{ pending: { spans: 0, requests: 0 }, rejected: 0, problems: [] }]);
    const ids = receiver.scores().map(({ id }) => id);
    expect(new Set(ids).size).toBe(8);
    // Only what was under way: four requests with a score each. Langfuse replaces a score that comes again.
    expect(ids.length).toBeLessThanOrEqual(8 + 4);
    const files = [...receiver.media().values()];
    expect(files.map(({ uploadHttpStatus, bytes }) => [uploadHttpStatus, bytes?.byteLength])).toEqual(
      files.map(() => [200, 100]),
    );
    expect(files.map(({ links }) => links.length).sort()).toEqual([2, 3, 3]);
    expect(receiver.violations).toEqual([]);
    expect(await outboxStatus(paths)).toMatchObject([{ requests: 0, spans: 0, beside: {} }]);
  },
);

// With 4 requests of spans and 8 of metrics.
test.each([6, 10])("a process killed when %i requests have arrived loses no metrics", async (arrived) => {
  const receiver = await startReceiver({ dialect: "otlp", delayMs: 2 });
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const [node, program] = programCommand("test/deliver/deliver-and-die.ts");
  const child = spawn(node, [program, paths.root, receiver.url, "1", "20", "5", "0", "8"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await receiver.arrived(arrived);
  child.kill("SIGKILL");
  await once(child, "exit");

  const { reports } = await pushOutbox([otlpWithMetricsAt(receiver.url)], { paths });
  expect(reports).toMatchObject([{ pending: { spans: 0, requests: 0 }, rejected: 0, problems: [] }]);
  const names = receiver
    .metrics()
    .flatMap((json) => [...JSON.stringify(json).matchAll(/"(sum-\d+)"/g)].map(([, name]) => name));
  expect(new Set(names).size).toBe(8);
  // Each that came a second time was under way: no more than four requests are at once.
  expect(names.length).toBeLessThanOrEqual(8 + 4);
  const sent = receiver.metrics().map((json) => JSON.stringify(json));
  expect(new Set(sent).size).toBe(8);
  expect(receiver.violations).toEqual([]);
  expect(await outboxStatus(paths)).toMatchObject([{ requests: 0, spans: 0, beside: {} }]);
});
