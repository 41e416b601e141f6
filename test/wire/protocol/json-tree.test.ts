import fc from "fast-check";
import { expect, test } from "vitest";
import { commonStart } from "../../../src/text/in-common.js";
import {
  type JsonNode,
  jsonValue,
  placesInString,
  readJsonTree,
  stringValue,
} from "../../../src/wire/protocol/json-tree.js";
import { tries } from "../../support/tries.js";

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
    { seed: 16, numRuns: tries(300) },
  );
});

test("reads a text after one that begins like it as it does alone, and its first values once", () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(1, 12, 123, "a", "ab", null));
  const body = fc.dictionary(
    fc.constantFrom("model", "m", "messages", "tools", "__proto__"),
    fc.oneof(value, fc.array(value)),
  );
  const twice = fc.constantFrom("", '"m":1,', '"messages":[1],');
  fc.assert(
    fc.property(body, body, twice, fc.constantFrom(undefined, 1), (one, more, again, spaces) => {
      const texts = [one, { ...one, ...more }].map((each) => {
        const text = JSON.stringify({ ...each, last: 1 }, undefined, spaces);
        return `${text.slice(0, -1)},${again}"end":[]}`;
      });
      const [before = "", text = ""] = texts;
      const root = readJsonTree(before);
      if (!root) throw new Error("JSON was expected");
      expect(readJsonTree(text, { root, alike: commonStart(before, text) })).toEqual(readJsonTree(text));
    }),
    { seed: 16, numRuns: tries(500) },
  );
  const before = '{"model":"m","messages":[{"a":1},{"b":2}],"x":1}';
  const root = readJsonTree(before);
  const more = '{"model":"m","messages":[{"a":1},{"b":2},{"c":3}],"x":1}';
  const grown = root && readJsonTree(more, { root, alike: commonStart(before, more) });
  const items = [root, grown].map((tree) => {
    const messages = tree?.kind === "object" ? tree.fields.get("messages") : undefined;
    return messages?.kind === "array" ? messages.items : [];
  });
  expect(items[1]?.slice(0, 2).every((item, index) => item === items[0]?.[index])).toBe(true);
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
    { seed: 16, numRuns: tries(300) },
  );
});

test.each(["", "{", '{"a":}', '{"a" 1}', "[1,]", '"open', '"\\', "nul", "1 2", "[".repeat(9_000)])(
  "takes %j for no JSON",
  (text) => {
    expect(readJsonTree(text)).toBeNull();
  },
);
