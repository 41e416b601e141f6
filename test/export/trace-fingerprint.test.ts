import { expect, onTestFinished, test } from "vitest";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { traceFingerprint } from "../../src/export/trace-fingerprint.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { fixtureNames, loadFixture, onlyOne, traceOf } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

const trace = traceOf("multistep@1.18.33");

test("each setting that stands on a trace counts; the commit that looptrace adds does not", () => {
  const looks = [
    {},
    { traceName: "nightly" },
    { userId: "ada" },
    { tags: ["a"] },
    { environment: "ci" },
    { release: "1.0" },
    { metadata: { ticket: 7 } },
  ].map((options) => traceFingerprint(trace, options).settings);
  expect(new Set(looks).size).toBe(looks.length);
  expect(traceFingerprint(trace, { metadata: { gitCommit: "abc" }, tags: [] })).toEqual(traceFingerprint(trace, {}));
});

test.each(fixtureNames)("%s: without the log it is the same turn", (name) => {
  const { tree, log } = loadFixture(name);
  const without = traceSession(tree, {});
  expect(traceSession(tree, { log }).map((one) => traceFingerprint(one, {}))).toEqual(
    without.map((one) => traceFingerprint(one, {})),
  );
});

test("a turn that went on after it was sent half: its root is told to be of then", async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const { tree, log } = loadFixture("multistep@1.18.33");
  const { session } = tree;
  const half = { ...tree, session: { ...session, messages: session.messages.slice(0, 2) } };
  const destinations = [langfuseAt(receiver.url)];
  const options = { paths: await temporaryStore(), clock: fakeClock(trace.loop.end + 86_400_000) };
  const exporter = new TraceExporter({ destinations, ...options });
  await exporter.export([onlyOne(traceSession(half, { log }))]);
  const [grown] = await exporter.export([trace]);
  expect(grown).toMatchObject({ outdated: { settings: 0, content: 1 } });
  expect(grown?.acknowledged).toBeGreaterThan(0);
  const again = await exporter.export([trace], { force: true });
  expect(again).toMatchObject([{ alreadyAcknowledged: 0, outdated: { content: 0 } }]);
  expect(await exporter.export([trace])).toMatchObject([{ acknowledged: 0, outdated: { settings: 0, content: 0 } }]);
});
