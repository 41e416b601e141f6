import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deliver } from "../../../src/deliver/deliver.js";
import type { SendResult } from "../../../src/deliver/http/send-result.js";
import { outboxStatus } from "../../../src/deliver/queue/outbox-status.js";
import { outboxQuota } from "../../../src/deliver/queue/quota.js";
import { langfuseAt } from "../../support/destinations.js";
import { fakeClock } from "../../support/fake-clock.js";
import { otlpRequest } from "../../support/otlp-requests.js";
import { temporaryStore } from "../../support/temporary-store.js";

test("room is what the files of all destinations leave", async () => {
  const paths = await temporaryStore();
  for (const id of ["0000000000000001", "0000000000000002"]) {
    await mkdir(join(paths.outbox, id), { recursive: true });
    await writeFile(join(paths.outbox, id, "something.json"), "x".repeat(300));
  }
  const room = await outboxQuota(paths, 1_000);
  expect(room.warning()).toContain("holds 0.0 of at most 0.0 MB");
  expect([room.take(400), room.take(1)]).toEqual([true, false]);
  expect(room.warning()).toContain("no room for more");
});

test("an outbox that is not there has all its room, and nothing to warn of", async () => {
  const room = await outboxQuota(await temporaryStore(), 1_000);
  expect(room.warning()).toBeUndefined();
  expect(room.take(499)).toBe(true);
  expect(room.warning()).toBeUndefined();
  expect(room.take(1)).toBe(true);
  expect(room.warning()).toContain("push --status");
});

const request = otlpRequest(3, { padding: 1_000 });

async function deliverInto(outboxLimitBytes: number, result: SendResult) {
  const paths = await temporaryStore();
  const [report] = await deliver([request], [langfuseAt("http://127.0.0.1:1")], {
    paths,
    outboxLimitBytes,
    clock: fakeClock(),
    send: async () => result,
  });
  const [status] = await outboxStatus(paths);
  return { report, waiting: status?.spans };
}

test("what finds no room is sent from memory all the same", async () => {
  const { report, waiting } = await deliverInto(100, { kind: "acknowledged" });
  expect(report).toMatchObject({ acknowledged: 3, pending: { spans: 0, unsavedSpans: 0 }, problems: [] });
  expect(waiting).toBe(0);
});

test("and where it cannot be sent either, that is said, loudly", async () => {
  const refused: SendResult = { kind: "misdirected", status: 404, message: "answered 404" };
  const { report, waiting } = await deliverInto(100, refused);
  expect(report).toMatchObject({ acknowledged: 0, pending: { spans: 3, unsavedSpans: 3 } });
  expect(report?.problems.join()).toContain("no room for more");
  expect(waiting).toBe(0);
  const half = await deliverInto(request.body.byteLength * 1.5, refused);
  expect(half.report).toMatchObject({ pending: { spans: 3, unsavedSpans: 0 } });
  expect(half.report?.problems.join()).toContain("push --status");
  expect(half.waiting).toBe(3);
});
