import { expect, test } from "vitest";
import { deliver } from "../../src/deliver/deliver.js";
import type { DeliveryProgress } from "../../src/deliver/delivery-progress.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { otlpRequests } from "../support/otlp-requests.js";
import { temporaryStore } from "../support/temporary-store.js";

const destination = langfuseAt("http://127.0.0.1:1");
const requests = otlpRequests(30, 10);

function answering(...answers: SendResult[]): () => Promise<SendResult> {
  return async () => answers.shift() ?? { kind: "acknowledged" };
}

test("a delivery tells how far it is, and why and how long it waits", async () => {
  const told: DeliveryProgress[] = [];
  const onProgress = (progress: DeliveryProgress) => void told.push(progress);
  const send = answering(
    { kind: "acknowledged" },
    { kind: "unavailable", retryAfterMs: undefined, message: "it is away" },
    { kind: "throttled", retryAfterMs: 3000, message: "answered 429" },
  );
  const options = { paths: await temporaryStore(), clock: fakeClock(), send, onProgress, concurrency: 1 };
  await deliver(requests, [destination], options);
  const { id, kind, label, url, keyStart } = destination;
  expect(told[0]?.destination).toEqual({ id, kind, label, url, keyStart });
  expect(
    told.map((one) =>
      one.kind === "waiting"
        ? `${one.reason}: ${one.failures}, ${one.waitMs} ms`
        : one.kind === "sending"
          ? `${one.done}/${one.items}`
          : one.kind,
    ),
  ).toEqual(["0/30", "10/30", "it is away: 1, 500 ms", "10/30", "answered 429: 2, 3000 ms", "10/30", "20/30"]);
});

test("what is only to be stored is not sent; a reason that is known already stays", async () => {
  const paths = await temporaryStore();
  const refuse = answering({ kind: "misdirected", status: 404, message: "answered 404" });
  await deliver(requests.slice(0, 1), [destination], {
    paths,
    clock: fakeClock(),
    send: refuse,
    concurrency: 1,
  });
  const storeOnly = new Set([destination.id]);
  const sent: unknown[] = [];
  const send = async (): Promise<SendResult> => {
    sent.push(true);
    return { kind: "acknowledged" };
  };
  const [report] = await deliver(requests, [destination], { paths, clock: fakeClock(), send, storeOnly });
  expect(report).toMatchObject({
    acknowledged: 0,
    pending: { spans: 30, unsavedSpans: 0 },
    lastError: undefined,
  });
  expect(sent).toEqual([]);
  expect(await outboxStatus(paths)).toMatchObject([{ spans: 30, lastError: { message: "answered 404" } }]);
  const pushed = await pushOutbox([destination], { paths, clock: fakeClock(), send });
  expect(pushed.reports).toMatchObject([{ acknowledged: 30, alreadyAcknowledged: 0, pending: { spans: 0 } }]);
  // What was delivered meanwhile is known, also where nothing is sent.
  const [known] = await deliver(requests, [destination], { paths, clock: fakeClock(), send, storeOnly });
  expect(known).toMatchObject({ alreadyAcknowledged: 30, pending: { spans: 0 } });
});
