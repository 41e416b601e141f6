import { expect, test } from "vitest";
import { deliver } from "../../src/deliver/deliver.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { discardOutbox } from "../../src/deliver/queue/discard-outbox.js";
import { sumDeliveries } from "../../src/export/delivery-sum.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { scoresRequest } from "../support/other-requests.js";
import { otlpRequest } from "../support/otlp-requests.js";
import { temporaryStore } from "../support/temporary-store.js";

const AWAY: SendResult = { kind: "misdirected", status: 404, message: "answered 404" };
const TAKEN: SendResult = { kind: "acknowledged" };

/** A command that delivers to one destination, which does not take anything at first. */
async function command() {
  const paths = await temporaryStore();
  const destination = langfuseAt("http://127.0.0.1:1");
  const state = { answer: AWAY };
  const options = { paths, clock: fakeClock(), send: async () => state.answer };
  const sum = sumDeliveries(paths, [destination]);
  let traces = 0;
  const requests = (spans: number) => {
    traces += 1;
    return [otlpRequest(spans, { trace: traces }), scoresRequest(1, { trace: traces })];
  };
  return {
    sum,
    /** Of another command. */
    leaveBehind: async (spans: number) => void (await deliver(requests(spans), [destination], options)),
    deliver: async (spans: number) => {
      sum.begin();
      sum.add(await deliver(requests(spans), [destination], options));
    },
    push: async () => {
      state.answer = TAKEN;
      sum.pushed((await pushOutbox([destination], options)).reports);
      state.answer = AWAY;
    },
    discard: async () => void (await discardOutbox(paths, destination.id)),
  };
}

test("what has waited and was sent at last is told as sent", async () => {
  const { sum, deliver, push } = await command();
  await deliver(3);
  await deliver(4);
  expect(sum.reports()).toMatchObject([{ acknowledged: 0, pending: { spans: 7, unsavedSpans: 0 }, problems: [] }]);
  await push();
  expect(sum.reports()).toMatchObject([
    { acknowledged: 7, pending: { spans: 0, requests: 0 }, beside: { scores: { acknowledged: 2, pending: 0 } } },
  ]);
});

test("what was thrown away while it waited is not told as sent, and no push is promised to send it", async () => {
  const { sum, deliver, discard, push } = await command();
  await deliver(3);
  await discard();
  await deliver(4);
  await push();
  const expected = [
    {
      acknowledged: 4,
      pending: { spans: 3, unsavedSpans: 3 },
      beside: { scores: { acknowledged: 1, pending: 1, unsaved: 1 } },
      problems: [
        expect.stringMatching(
          /^`looptrace push --discard` has meanwhile thrown away 3 spans, 1 score that waited for 127\.0\.0\.1:1 /,
        ),
      ],
    },
  ];
  expect(sum.reports()).toMatchObject(expected);
  expect(sum.reports()).toMatchObject(expected);
  await deliver(5);
  await push();
  expect(sum.reports()).toMatchObject([{ acknowledged: 9, pending: { spans: 3, unsavedSpans: 3 } }]);
});

test("what was thrown away is told where nothing was pushed, too", async () => {
  const { sum, deliver, discard } = await command();
  await deliver(3);
  await discard();
  await deliver(4);
  expect(sum.reports()).toMatchObject([{ acknowledged: 0, pending: { spans: 7, unsavedSpans: 3 } }]);
});

test("what others lost while something waited here is none of what is delivered later", async () => {
  const { sum, leaveBehind, deliver, discard } = await command();
  await deliver(10);
  await leaveBehind(100);
  await discard();
  await deliver(50);
  expect(sum.reports()).toMatchObject([{ acknowledged: 0, pending: { spans: 60, unsavedSpans: 10 } }]);
});

test("what was thrown away of others, before anything waited here, counts for nothing", async () => {
  const { sum, leaveBehind, deliver, discard, push } = await command();
  await leaveBehind(9);
  await discard();
  await deliver(3);
  await push();
  expect(sum.reports()).toMatchObject([{ acknowledged: 3, pending: { spans: 0, unsavedSpans: 0 }, problems: [] }]);
});
