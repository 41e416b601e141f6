import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readServerEvent2 } from "../../../../src/opencode/v2/server/server-event.js";
import { serverEvent2 } from "../../../../src/opencode/v2/server/server-event-schema.js";
import { isRead2, wholeEvent2 } from "../../../../src/opencode/v2/server/whole-event.js";
import type { Fields } from "../../../../src/text/json-fields.js";
import { changedRow } from "../../../support/changed-row.js";
import { recordings } from "../../../support/opencode2-recordings.js";

const events: readonly Fields[] = recordings()
  .flatMap((recording) => recording.events)
  .filter(({ type }) => isRead2(type))
  .map((event): Fields => ({ ...event }));

describe("an event of opencode 2 that is told by hand", () => {
  test("is what the schema makes of it, and nearly all are such", () => {
    const told = events.filter((event) => {
      const own = wholeEvent2(event);
      if (own !== undefined) expect(own).toStrictEqual(serverEvent2.parse(event));
      return own !== undefined;
    });
    expect(new Set(told.map(({ type }) => type)).size).toBeGreaterThan(15);
    expect(told.length / events.length).toBeGreaterThan(0.95);
  });

  test("is what the schema makes of it whatever stands in it", () => {
    const odd = fc.constantFrom<unknown>(
      ...[null, undefined, true, false, 0, -1, 1.5, 1e20, Number.POSITIVE_INFINITY, "", "x", "error"],
      ...[[], {}, [null], [{}], { id: "a" }, { type: "x", message: "y" }, { directory: "/" }],
      ...["session.created", "session.deleted", "session.tool.called", "session.compaction.started"],
      JSON.parse('{"__proto__": {"a": 1}, "b": null}'),
    );
    const change = fc.record({ at: fc.nat(), value: odd, isNew: fc.constantFrom(false, false, false, true) });
    const keys = fc.constantFrom("executed", "location", "error", "created", "content", "parentID", "__proto__", "z");
    fc.assert(
      fc.property(
        fc.constantFrom(...events),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        keys,
        (found, changes, key) => {
          const event = changes.reduce<Fields>((before, each) => changedRow(before, each, key), found);
          const own = wholeEvent2(event);
          if (own === undefined) return;
          const made = serverEvent2.safeParse(event).data;
          if (!isDeepStrictEqual(own, made)) expect(own).toEqual(made);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("is of a type that a schema reads, and of each of these", () => {
    const types = serverEvent2.options.map(({ shape }) => shape.type.value);
    expect(types.every(isRead2)).toBe(true);
    expect(readServerEvent2('{"type":"plugin.added","data":{}}', 5)).toEqual({ type: "plugin.added" });
    expect(readServerEvent2('{"type":"toString","data":{}}', 5)).toEqual({ type: "toString" });
    expect(readServerEvent2('{"type":"session.deleted","data":[]}', 5)).toBeUndefined();
    expect(readServerEvent2('{"data":{}}', 5)).toBeUndefined();
  });
});
