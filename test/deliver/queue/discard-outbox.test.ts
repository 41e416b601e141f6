import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deliver } from "../../../src/deliver/deliver.js";
import type { SendResult } from "../../../src/deliver/http/send-result.js";
import { discardOutbox } from "../../../src/deliver/queue/discard-outbox.js";
import { claimRequest, listRequests } from "../../../src/deliver/queue/outbox.js";
import { outboxStatus } from "../../../src/deliver/queue/outbox-status.js";
import { langfuseAt } from "../../support/destinations.js";
import { fakeClock } from "../../support/fake-clock.js";
import { otlpRequest, traceId } from "../../support/otlp-requests.js";
import { temporaryStore } from "../../support/temporary-store.js";

const destination = langfuseAt("http://127.0.0.1:1");
const send = async (): Promise<SendResult> => ({ kind: "misdirected", status: 404, message: "answered 404" });

async function waiting() {
  const paths = await temporaryStore();
  const requests = [1, 2, 2].map((trace, index) => otlpRequest(3, { trace, first: 1 + index * 10 }));
  for (const [day, request] of requests.entries()) {
    const clock = fakeClock(1_700_000_000_000 + day * 86_400_000);
    await deliver([request], [destination], { paths, clock, send });
  }
  return { paths, folder: join(paths.outbox, destination.id) };
}

test("says what was thrown away, also of a damaged request", async () => {
  const { paths, folder } = await waiting();
  const [first] = await listRequests(folder);
  await writeFile(join(folder, first?.name ?? ""), "{");
  expect(await discardOutbox(paths, destination.id)).toEqual({
    destination: {
      id: destination.id,
      kind: "langfuse",
      label: destination.label,
      url: destination.url,
      keyStart: "pk-lf-1234",
    },
    requests: 3,
    spans: 9,
    beside: {},
    traceIds: [traceId(2)],
    fromMs: 1_700_000_000_000,
    toMs: 1_700_000_000_000 + 2 * 86_400_000,
    inDelivery: 0,
  });
  expect(await outboxStatus(paths)).toMatchObject([{ requests: 0, spans: 0, lastError: undefined }]);
});

test("what somebody is delivering stays, and so does the folder that others may be writing to", async () => {
  const { paths, folder } = await waiting();
  const [first] = await listRequests(folder);
  if (first === undefined || (await claimRequest(first)) === undefined) throw new Error("not claimed");
  expect(await discardOutbox(paths, destination.id)).toMatchObject({ requests: 2, spans: 6, inDelivery: 1 });
  expect(await listRequests(folder)).toMatchObject([{ name: first.name }]);
  expect(await readdir(folder)).toContain("destination.json");
});
