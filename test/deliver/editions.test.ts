import { expect, onTestFinished, test } from "vitest";
import { deliver, type EditedRequest } from "../../src/deliver/deliver.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import type { Edition } from "../../src/deliver/receipts/edition.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { otlpRequest } from "../support/otlp-requests.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

const FIRST: Edition = { shared: "11111111", last: "aaaaaaaa" };

function edited(edition: Edition, spans = 4): EditedRequest {
  return { ...otlpRequest(spans), edition };
}

async function setup() {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const destinations = [langfuseAt(receiver.url)];
  const options = () => ({ paths, clock: fakeClock() });
  return {
    receiver,
    deliver: async (requests: readonly EditedRequest[], more: object = {}) =>
      (await deliver(requests, destinations, { ...options(), ...more }))[0],
    push: async () => (await pushOutbox(destinations, options())).reports[0],
  };
}

test("the same again is not outdated, other settings are on every span, a turn that went on is on the last", async () => {
  const s = await setup();
  expect(await s.deliver([edited(FIRST)])).toMatchObject({ outdated: { settings: 0, content: 0 } });
  const cases: [Edition, object][] = [
    [FIRST, { settings: 0, content: 0 }],
    [
      { ...FIRST, shared: "22222222" },
      { settings: 4, content: 0 },
    ],
    [
      { ...FIRST, last: "bbbbbbbb" },
      { settings: 0, content: 1 },
    ],
    [
      { shared: "22222222", last: "bbbbbbbb" },
      { settings: 4, content: 1 },
    ],
    [
      { ...FIRST, last: undefined },
      { settings: 0, content: 0 },
    ],
  ];
  for (const [edition, outdated] of cases)
    expect(await s.deliver([edited(edition)])).toMatchObject({ acknowledged: 0, outdated });
  expect(await s.deliver([otlpRequest(4)])).toMatchObject({ outdated: { settings: 0, content: 0 } });
  expect(s.receiver.requests).toHaveLength(1);
});

test("force sends it again, and from then on that edition counts", async () => {
  const s = await setup();
  const second = { shared: "22222222", last: "bbbbbbbb" };
  await s.deliver([edited(FIRST)]);
  expect(await s.deliver([edited(second)], { force: true })).toMatchObject({
    acknowledged: 4,
    outdated: { settings: 0, content: 0 },
  });
  expect(await s.deliver([edited(second)])).toMatchObject({ outdated: { settings: 0, content: 0 } });
  expect(await s.deliver([edited(FIRST)])).toMatchObject({ outdated: { settings: 4, content: 1 } });
});

test("what waited in the outbox keeps its edition, also what is left of it", async () => {
  const s = await setup();
  const answers: SendResult[] = [
    { kind: "rejected", status: 413, message: "answered 413" },
    { kind: "acknowledged" },
    { kind: "unauthorised", status: 401, message: "answered 401" },
  ];
  const send = async () => answers.shift() ?? { kind: "acknowledged" as const };
  expect(await s.deliver([edited(FIRST)], { send })).toMatchObject({ pending: { spans: 2 } });
  expect(await s.push()).toMatchObject({ acknowledged: 2 });
  expect(await s.deliver([edited({ shared: "22222222", last: "bbbbbbbb" })])).toMatchObject({
    outdated: { settings: 4, content: 1 },
  });
});

test("two editions that wait together: the first is sent, and the push tells of the other", async () => {
  const s = await setup();
  s.receiver.behave({ always: { kind: "status", status: 404 } });
  await s.deliver([edited(FIRST)]);
  await s.deliver([edited({ ...FIRST, shared: "22222222" })]);
  s.receiver.behave({});
  expect(await s.push()).toMatchObject({ acknowledged: 4, outdated: { settings: 4, content: 0 } });
});
