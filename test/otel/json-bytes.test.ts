import { expect, onTestFinished, test, vi } from "vitest";
import { encodeTrace } from "../../src/otel/encode-trace.js";
import { JsonBytes } from "../../src/otel/json-bytes.js";
import { traceOf } from "../support/fixtures.js";

const LARGE = 9 * 1024 * 1024;

test("memory that something very large has needed is given back, and what is written stays", () => {
  const bytes = new JsonBytes();
  bytes.text("kept", 0);
  const mark = bytes.mark();
  bytes.text("x".repeat(LARGE), 0);
  bytes.rewind(mark);
  expect(bytes.written().buffer.byteLength).toBeGreaterThan(LARGE);
  bytes.trim();
  expect(bytes.written().buffer.byteLength).toBeLessThan(LARGE / 8);
  bytes.text(", too", 0);
  expect(Buffer.from(bytes.written()).toString()).toBe("kept, too");
});

test("it is given back with each request, at which whoever sends it may be long", () => {
  const trim = vi.spyOn(JsonBytes.prototype, "trim");
  onTestFinished(() => trim.mockRestore());
  const requests = encodeTrace(traceOf("multistep@1.18.33"), {}, { spans: 2 });
  let trimmed = 0;
  for (const { body } of requests) {
    expect(body.byteLength).toBeGreaterThan(0);
    expect(trim.mock.calls.length).toBeGreaterThan(trimmed);
    trimmed = trim.mock.calls.length;
  }
  expect(trimmed).toBeGreaterThan(3);
});

test("what lies between two marks is cut out, and sizes are those of what is left", () => {
  const bytes = new JsonBytes();
  bytes.string('a"', 1);
  const from = bytes.mark();
  bytes.string('b"b', 1);
  const to = bytes.mark();
  bytes.string('"c', 1);
  bytes.cut(from, to);
  const left = new JsonBytes();
  for (const text of ['a"', '"c']) left.string(text, 1);
  expect(Buffer.from(bytes.written())).toEqual(Buffer.from(left.written()));
  expect(bytes.mark()).toEqual(left.mark());
});
