import { describe, expect, test } from "vitest";
import { calendarOf, dayAfter, mondayOf, monthOf, weekOf } from "../../../src/analysis/stats/calendar.js";

const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);

describe("days of a time zone", () => {
  test.each([
    ["Europe/Berlin", "2026-03-28", 24],
    ["Europe/Berlin", "2026-03-29", 23],
    ["Europe/Berlin", "2026-10-25", 25],
    ["America/New_York", "2026-03-08", 23],
    ["America/New_York", "2026-11-01", 25],
    ["Australia/Lord_Howe", "2026-04-05", 24.5],
    ["Asia/Kathmandu", "2026-06-01", 24],
    ["UTC", "2026-10-25", 24],
    // Clocks went on at midnight: the day began at one.
    ["America/Sao_Paulo", "2018-11-04", 23],
  ])("%s %s has %d hours", (zone, day, hours) => {
    const calendar = calendarOf(zone);
    const [start, end] = [calendar.startOf(day), calendar.startOf(dayAfter(day))];
    expect((end - start) / HOUR).toBe(hours);
    expect([calendar.day(start - 1), calendar.day(start), calendar.day(end - 1), calendar.day(end)]).toEqual([
      dayAfter(day, -1),
      day,
      day,
      dayAfter(day),
    ]);
  });

  test("a moment is of another day elsewhere", () => {
    const moment = at("2026-11-29T23:30:00Z");
    const days = ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"].map((zone) =>
      calendarOf(zone).day(moment),
    );
    expect(days).toEqual(["2026-11-29", "2026-11-30", "2026-11-29", "2026-11-30"]);
  });

  test("a day that a zone left out begins with the next one", () => {
    const samoa = calendarOf("Pacific/Apia");
    expect(samoa.startOf("2011-12-30")).toBe(samoa.startOf("2011-12-31"));
  });

  test.each([
    ["UTC", "2026-11-01T14:30", "2026-11-01T14:30Z"],
    ["Asia/Kathmandu", "2026-11-01T00:10", "2026-10-31T18:25Z"],
    ["Pacific/Kiritimati", "2026-11-01T02:00", "2026-10-31T12:00Z"],
    ["Pacific/Niue", "2026-11-01T23:00", "2026-11-02T10:00Z"],
    ["Europe/Berlin", "2026-03-29T01:59:59.999", "2026-03-29T00:59:59.999Z"],
    // Clocks go on from two to three: what they skip is an hour later.
    ["Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30Z"],
    ["Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00Z"],
    // They go back from three to two: of two, the first.
    ["Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30Z"],
    ["Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00Z"],
    ["America/New_York", "2026-11-01T01:30", "2026-11-01T05:30Z"],
    ["America/New_York", "2026-03-08T02:30", "2026-03-08T07:30Z"],
    ["Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45Z"],
    ["Pacific/Apia", "2011-12-30T12:00", "2011-12-30T22:00Z"],
  ])("in %s clocks show %s at %s", (zone, shown, moment) => {
    expect(new Date(calendarOf(zone).at(at(`${shown}Z`))).toISOString()).toBe(new Date(at(moment)).toISOString());
  });

  test("a zone that is none is refused", () => {
    expect(() => calendarOf("Mars/Olympus")).toThrow(RangeError);
  });
});

test("weeks are those of ISO 8601", () => {
  const days = ["2026-11-29", "2026-11-30", "2026-01-01", "2027-01-01", "2027-01-03", "2027-01-04", "2024-12-30"];
  expect(days.map(weekOf)).toEqual([
    ...["2026-W48", "2026-W49", "2026-W01", "2026-W53", "2026-W53", "2027-W01", "2025-W01"],
  ]);
  for (const [index, day] of days.entries()) {
    const monday = mondayOf(weekOf(day));
    expect(weekOf(monday), days[index]).toBe(weekOf(day));
    expect(weekOf(dayAfter(monday, -1))).not.toBe(weekOf(day));
    expect(new Date(monday).getUTCDay()).toBe(1);
  }
  expect(monthOf("2026-11-29")).toBe("2026-11");
  expect(dayAfter("2026-12-31")).toBe("2027-01-01");
});
