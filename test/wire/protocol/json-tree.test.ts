import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type JsonNode,
  jsonValue,
  placesInString,
  readJsonTree,
  stringValue,
} from "../../../src/wire/protocol/json-tree.js";

/** A value as the tree tells it, with each place checked. */
function rebuilt(text: string, node: JsonNode): unknown {
  switch (node.kind) {
    case "object":
      return Object.fromEntries([...node.fields].map(([name, field]) => [name, rebuilt(text, field)]));
    case "array":
      return node.items.map((item) => rebuilt(text, item));
    default:
      return jsonValue(text, node);
  }
}

test("says of any JSON what JSON.parse says, indented or not", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const tree = readJsonTree(text);
      expect(tree).not.toBeNull();
      if (tree) expect(rebuilt(text, tree)).toEqual(JSON.parse(text));
    }),
    { seed: 16, numRuns: 300 },
  );
});

test("finds the place of each unit of a string in the body, whatever is escaped in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "ü", "\u0000", "\ud83d", "🎉") }), (value) => {
      const text = `[1, ${JSON.stringify(value)}]`;
      const tree = readJsonTree(text);
      const node = tree?.kind === "array" ? tree.items[1] : undefined;
      if (node?.kind !== "string") throw new Error("a string was expected");
      const offsets = Array.from({ length: value.length + 1 }, (_, offset) => offset);
      const places = placesInString(text, node, offsets);
      const units = places.slice(1).map((to, index) => String(JSON.parse(`"${text.slice(places[index], to)}"`)));
      expect(units.join("")).toBe(value);
      expect(units.every((unit) => unit.length === 1)).toBe(true);
      expect(stringValue(text, node)).toBe(value);
    }),
    { seed: 16, numRuns: 300 },
  );
});

test.each(["", "{", '{"a":}', '{"a" 1}', "[1,]", '"open', '"\\', "nul", "1 2", "[".repeat(9_000)])(
  "takes %j for no JSON",
  (text) => {
    expect(readJsonTree(text)).toBeNull();
  },
);
