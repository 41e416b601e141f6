import { describe, expect, test } from "vitest";
import { traceSession } from "../../../src/trace/trace-session.js";
import { loadWireFixture, wireFixtureNames } from "../../support/wire-fixtures.js";

describe.each(wireFixtureNames)("what a real opencode sent: %s", (name) => {
  const { text, tree, evidence, provider } = loadWireFixture(name);
  const { exchanges = [], notes } = evidence.wire ?? {};

  test("is recorded whole, and of no machine", () => {
    expect(notes).toEqual([]);
    expect(exchanges.map(({ response }) => response?.status).sort()).toEqual(
      provider.map(({ status }) => status).sort(),
    );
    for (const { body, end } of exchanges) {
      expect(JSON.parse(body.text ?? "")).toMatchObject({ model: expect.any(String) });
      expect(end.how).toBe("complete");
    }
    expect(text.length).toBeLessThan(name.startsWith("wasteful") ? 250_000 : 70_000);
    expect(text).not.toMatch(/\/tmp\/|isolated-o|\/work\//);
  });

  test("is of the sessions that were exported", () => {
    const ids = [tree, ...tree.children].map(({ session }) => session.info.id);
    expect(new Set(exchanges.map(({ sessionId }) => sessionId))).toEqual(new Set(ids));
  });

  test("is told in their trace, each request once", () => {
    const said = JSON.stringify(traceSession(tree, evidence));
    const told = exchanges.filter(({ id }) => said.split(`"exchangeId":${JSON.stringify(id)}`).length === 2);
    expect(told.map(({ id }) => id)).toEqual(exchanges.map(({ id }) => id));
  });
});
