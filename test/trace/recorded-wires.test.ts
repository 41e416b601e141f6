import { describe, expect, test } from "vitest";
import { withoutContent } from "../../src/otel/without-content.js";
import type { Loop, WireFacts } from "../../src/trace/model.js";
import { subagentsOfLoop } from "../../src/trace/totals.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { showJson } from "../support/json-shapes.js";
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
  const loops = traceSession(tree, evidence).map(({ loop }) => loop);
  const otherCalls = loops.flatMap((loop) => loop.otherCalls ?? []);
  const wires = loops.flatMap(wiresIn);

  test("is in the trace, every request once", () => {
    const ids = wires.map(({ exchangeId }) => exchangeId);
    expect(ids.toSorted()).toEqual(evidence.wire?.exchanges.map(({ id }) => id).toSorted());
    expect(otherCalls.map(({ kind, usage }) => [kind, usage?.input])).toEqual(
      provider.filter(({ title }) => title).map(() => ["title", expect.any(Number)]),
    );
  });

  test("tells what the title's call wrote, and does not where no content is to be sent", () => {
    const titles = otherCalls.map(({ output }) => output);
    // opencode takes the first line of it.
    for (const output of titles) expect(output?.text?.trim().split("\n")[0]).toBe(tree.session.info.title);
    const bare = traceSession(tree, evidence).map(withoutContent);
    expect(bare.flatMap(({ loop }) => loop.otherCalls ?? []).map(({ output }) => output)).toEqual(
      titles.map(() => ({ thinking: null, text: null, toolCalls: [] })),
    );
  });

  test("gives every call exact times, and its answer's statuses as the provider sent them", () => {
    for (const { timing, wire, start } of loops.flatMap(callsIn)) {
      expect(timing).toBe("exact");
      expect(start).toBe(Math.round(wire?.sentAt ?? 0));
    }
    const sent = provider.flatMap(({ status }) => status ?? []);
    expect(wires.map(({ status }) => status).toSorted()).toEqual(sent.toSorted());
  });

  test("is printed as the page about `--json` says", () => {
    const traces = showJson.parse(JSON.parse(JSON.stringify(traceSession(tree, evidence))));
    for (const { wire } of traces) expect(wire?.segments.length).toBeGreaterThan(0);
  });

  test("changes no id of a call", () => {
    const bare = traceSession(tree, without).map(({ loop }) => loop);
    const ids = (some: readonly Loop[]) => some.flatMap(callsIn).map(({ spanId }) => spanId);
    expect(ids(loops)).toEqual(ids(bare));
  });
});
