import { expect, onTestFinished, test } from "vitest";
import { deliver, type RequestToDeliver } from "../../src/deliver/deliver.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import type { Fingerprint } from "../../src/deliver/receipts/fingerprint.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { otlpRequest } from "../support/otlp-requests.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

const FIRST: Fingerprint = "11111111-aaaaaaaa";
const SECOND: Fingerprint = "22222222-bbbbbbbb";

function looking(fingerprint: Fingerprint, spans = 4): RequestToDeliver {
  return { ...otlpRequest(spans), fingerprint };
}

async function setup() {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const destinations = [langfuseAt(receiver.url)];
  const options = () => ({ paths, clock: fakeClock() });
  return {
    receiver,
    deliver: async (requests: readonly RequestToDeliver[], more: object = {}) =>
      (await deliver(requests, destinations, { ...options(), ...more }))[0],
    push: async () => (await pushOutbox(destinations, options())).reports[0],
  };
}

test("the same again is not outdated, other settings are on every span, a turn that went on is on the last", async () => {
  const s = await setup();
  expect(await s.deliver([looking(FIRST)])).toMatchObject({ outdated: { settings: 0, content: 0 } });
  const cases: [Fingerprint, object][] = [
    [FIRST, { settings: 0, content: 0 }],
    ["22222222-aaaaaaaa", { settings: 4, content: 0 }],
    ["11111111-bbbbbbbb", { settings: 0, content: 1 }],
    [SECOND, { settings: 4, content: 1 }],
    ["11111111", { settings: 0, content: 0 }],
  ];
  for (const [fingerprint, outdated] of cases)
    expect(await s.deliver([looking(fingerprint)])).toMatchObject({ acknowledged: 0, outdated });
  expect(await s.deliver([otlpRequest(4)])).toMatchObject({ outdated: { settings: 0, content: 0 } });
  expect(s.receiver.requests).toHaveLength(1);
});

test("force sends it again, and from then on that look counts", async () => {
  const s = await setup();
  await s.deliver([looking(FIRST)]);
  expect(await s.deliver([looking(SECOND)], { force: true })).toMatchObject({
    acknowledged: 4,
    outdated: { settings: 0, content: 0 },
  });
  expect(await s.deliver([looking(SECOND)])).toMatchObject({ outdated: { settings: 0, content: 0 } });
  expect(await s.deliver([looking(FIRST)])).toMatchObject({ outdated: { settings: 4, content: 1 } });
});

test("what waited in the outbox keeps its fingerprint, also what is left of it", async () => {
  const s = await setup();
  const answers: SendResult[] = [
    { kind: "rejected", status: 413, message: "answered 413" },
    { kind: "acknowledged" },
    { kind: "unauthorised", status: 401, message: "answered 401" },
  ];
  const send = async () => answers.shift() ?? { kind: "acknowledged" as const };
  expect(await s.deliver([looking(FIRST)], { send })).toMatchObject({ pending: { spans: 2 } });
  expect(await s.push()).toMatchObject({ acknowledged: 2 });
  expect(await s.deliver([looking(SECOND)])).toMatchObject({
    outdated: { settings: 4, content: 1 },
  });
});

test("two looks of a trace that wait together: the first is sent, and the push tells of the other", async () => {
  const s = await setup();
  s.receiver.behave({ always: { kind: "status", status: 404 } });
  await s.deliver([looking(FIRST)]);
  await s.deliver([looking("22222222-aaaaaaaa")]);
  s.receiver.behave({});
  expect(await s.push()).toMatchObject({ acknowledged: 4, outdated: { settings: 4, content: 0 } });
});
