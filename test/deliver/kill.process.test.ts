import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { programCommand } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { langfuseAt } from "../support/destinations.js";
import { otlpRequest } from "../support/otlp-requests.js";
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

  const { reports } = await pushOutbox([langfuseAt(receiver.url)], { paths });
  expect(reports).toMatchObject([{ pending: { spans: 0 }, rejected: 0, problems: [] }]);
  const ids = receiver.spans().map((span) => span.spanId);
  expect(new Set(ids)).toEqual(new Set(otlpRequest(SPANS).spanIds));
  // Only what was under way when it died can come twice: four requests of five spans.
  expect(ids.length).toBeLessThanOrEqual(SPANS + 4 * 5);
  expect(receiver.violations).toEqual([]);
  expect(await outboxStatus(paths)).toMatchObject([{ requests: 0, spans: 0 }]);
});
