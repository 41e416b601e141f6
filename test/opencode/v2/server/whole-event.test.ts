import { describe, expect, test } from "vitest";
import { readServerEvent2 } from "../../../../src/opencode/v2/server/server-event.js";
import { serverEvent2 } from "../../../../src/opencode/v2/server/server-event-schema.js";
import { isRead2, wholeEvent2 } from "../../../../src/opencode/v2/server/whole-event.js";
import { recordings } from "../../../support/opencode2-recordings.js";
import { changedAsParsed, type ToldRow, toldAsParsed } from "../../../support/told-by-hand.js";

const events = recordings()
  .flatMap((recording) => recording.events)
  .filter(({ type }) => isRead2(type))
  .map((event): ToldRow => ({ row: { ...event }, whole: wholeEvent2, parsed: (row) => serverEvent2.parse(row) }));

describe("an event of opencode 2 that is told by hand", () => {
  test("is what the schema makes of it, and nearly all are such", () => {
    expect(new Set(events.map(({ row }) => row.type)).size).toBeGreaterThan(15);
    expect(toldAsParsed(events) / events.length).toBeGreaterThan(0.95);
  });

  test("is what the schema makes of it whatever stands in it", () => {
    changedAsParsed(events, 1_000);
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
