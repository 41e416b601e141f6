import { expect, test } from "vitest";
import { readOf, sentAs } from "../../src/cli/trace-each.js";
import { createDestination } from "../../src/deliver/destinations/destination.js";
import { asMetricsPlace } from "../../src/deliver/destinations/metrics-place.js";
import type { SessionTree } from "../../src/opencode/schema/exported-session.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { loadFixture } from "../support/fixtures.js";
import { generation1 } from "../support/generation1.js";

function readAt(tree: SessionTree, now: number) {
  return readOf(tree, traceSession(tree), now);
}

test("of a session that was read its size is known, and when those below it were changed last", () => {
  const { tree, session, subagents } = loadFixture("subagent@1.18.33");
  const messages = [session, ...subagents].reduce((sum, one) => sum + one.messages.length, 0);
  expect(readAt(tree, Date.now())).toMatchObject({
    id: session.info.id,
    weight: messages,
    below: Object.fromEntries(subagents.map(({ info }) => [info.id, info.time.updated])),
    isWhole: true,
  });
});

test("a session is not whole while a turn may be at work, nor without a subagent that it names", () => {
  const { tree } = loadFixture("multistep@1.18.33");
  const session = generation1(tree.session);
  const cut: SessionTree = { ...tree, session: { ...session, messages: session.messages.slice(0, 3) } };
  const last = Math.max(...traceSession(cut).map(({ loop }) => loop.end));
  expect(readAt(cut, last + 1_000).isWhole).toBe(false);
  expect(readAt(cut, last + 86_400_000).isWhole).toBe(true);
  expect(readAt(tree, Date.now()).isWhole).toBe(true);
  const parent = loadFixture("subagent@1.18.33").tree;
  expect(readAt({ ...parent, children: [] }, Date.now()).isWhole).toBe(false);
});

test("a destination that is to have metrics now, or spans of another shape, is another one as far as sessions go", () => {
  const url = new URL("http://127.0.0.1:4318/v1/traces");
  const settings = { address: undefined, credentials: { kind: "headers", names: [] } } as const;
  const plain = createDestination(url, {}, { settings });
  const measured = createDestination(url, {}, { settings, metrics: asMetricsPlace(plain) });
  const shaped = createDestination(url, {}, { settings, shape: "langfuse" });
  expect(new Set([plain, measured, shaped].map(({ id }) => id)).size).toBe(1);
  expect(new Set([plain, measured, shaped].map((one) => sentAs("looks", one))).size).toBe(3);
  expect(sentAs("looks", plain)).toBe(sentAs("looks", createDestination(url, {}, { settings })));
  expect(sentAs("other looks", plain)).not.toBe(sentAs("looks", plain));
});
