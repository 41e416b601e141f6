import { describe, expect, test } from "vitest";
import type { Loop, WireFacts } from "../../src/trace/model.js";
import { subagentsOfLoop } from "../../src/trace/totals.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { onlyOne } from "../support/fixtures.js";
import { loadWireFixture, wireFixtureNames } from "../support/wire-fixtures.js";
import { callsIn } from "./walk-trace.js";

/** What the wire tells in a loop and below it. */
function wiresIn(loop: Loop): readonly WireFacts[] {
  const { steps, otherCalls = [] } = loop;
  const own = [...steps.flatMap(({ call, retries }) => [...(call ? [call] : []), ...retries]), ...otherCalls];
  return [...own.flatMap(({ wire }) => wire ?? []), ...subagentsOfLoop(loop).flatMap(wiresIn)];
}

describe.each(wireFixtureNames)("what was recorded of %s", (name) => {
  const { tree, evidence, provider } = loadWireFixture(name);
  const { wire: _, ...without } = evidence;
  const { loop } = onlyOne(traceSession(tree, evidence));
  const wires = wiresIn(loop);

  test("is in the trace, every request once", () => {
    const ids = wires.map(({ exchangeId }) => exchangeId);
    expect(ids.toSorted()).toEqual(evidence.wire?.exchanges.map(({ id }) => id).toSorted());
    expect(loop.otherCalls?.map(({ kind, usage }) => [kind, usage?.input]) ?? []).toEqual(
      provider.filter(({ title }) => title).map(() => ["title", expect.any(Number)]),
    );
  });

  test("gives every call exact times, and its answer's statuses as the provider sent them", () => {
    for (const { timing, wire, start } of callsIn(loop)) {
      expect(timing).toBe("exact");
      expect(start).toBe(Math.round(wire?.sentAt ?? 0));
    }
    const sent = provider.flatMap(({ status }) => status ?? []);
    expect(wires.map(({ status }) => status).toSorted()).toEqual(sent.toSorted());
  });

  test("changes no id of a call", () => {
    const [bare] = traceSession(tree, without);
    const ids = (one: Loop | undefined) => (one ? callsIn(one).map(({ spanId }) => spanId) : []);
    expect(ids(loop)).toEqual(ids(bare?.loop));
  });
});
