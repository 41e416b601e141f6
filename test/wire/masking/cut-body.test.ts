import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutBody } from "../../../src/wire/masking/cut-body.js";

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('a "quoted" [text]', "\\", '\\"', "}{", "12", "123"),
);
const body = fc.dictionary(
  fc.constantFrom("model", "messages", "tools", 's"', "__proto__", "x"),
  fc.oneof(value, fc.array(value, { maxLength: 6 })),
);
const space = fc.constantFrom(undefined, 1, "\t");

describe("a body of JSON", () => {
  it("is cut into parts that are values of it", () => {
    fc.assert(
      fc.property(body, space, (data, spaces) => {
        const text = JSON.stringify(data, undefined, spaces);
        const cut = cutBody(text);
        expect(cut?.parts.map((part) => part.text).join("")).toBe(text);
        for (const part of cut?.parts ?? []) {
          if (part.kind === "item") JSON.parse(part.text);
          if (part.kind === "field") JSON.parse(`{${part.text}}`);
          if (part.kind === "rest") expect(part.text).toMatch(/^[\s{}[\],:]*("([^"\\]|\\.)*"[\s{}[\],:]*)?$/);
        }
      }),
    );
  });

  it("is cut in the same way after one that begins like it", () => {
    fc.assert(
      fc.property(body, body, fc.nat(3), (one, other, drop) => {
        const before = JSON.stringify({ ...one, messages: [1, "a", "b", 123, { a: [] }, "c"] });
        const lists = { messages: [1, "a", "b", 123, { a: [] }, "c"].slice(0, 6 - drop).concat(12) };
        for (const text of [JSON.stringify({ ...one, ...lists, ...other }), JSON.stringify({ ...one, ...other })])
          expect(cutBody(text, cutBody(before))).toEqual(cutBody(text));
      }),
    );
  });

  it("is none where it is something else", () => {
    for (const text of ["", "[1]", "a=b", '{"a":1', '{"a" 1}', '{"a":[1 2]}', '{"a', "{,}", '{"a":}'])
      expect(cutBody(text)).toBeUndefined();
  });
});
