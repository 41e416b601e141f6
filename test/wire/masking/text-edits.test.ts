import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editPieces, editsBetween } from "../../../src/wire/masking/text-edits.js";

const piece = fc.constantFrom("a", "b", "ab", " ", "", "[masked: KEY]", "secret");
const pieces = fc.array(piece, { maxLength: 8 });

describe("edits of a text in pieces", () => {
  it("make the other text of it, whatever both are", () => {
    fc.assert(
      fc.property(pieces, pieces, (before, after) => {
        const edits = editsBetween(before.join(""), after.join(""));
        const edited = editPieces(before, edits);
        expect(edited.join("")).toBe(before.length === 0 ? "" : after.join(""));
        expect(edited).toHaveLength(before.length);
      }),
    );
  });

  it("leave each piece what is not masked in it", () => {
    const said = ["my key is s", "ecr", "et.", " The other", " is secret", ", too"];
    const edits = editsBetween(said.join(""), "my key is [masked: KEY]. The other is [masked: KEY], too");
    expect(editPieces(said, edits)).toEqual([
      "my key is [masked: KEY]",
      "",
      ".",
      " The other",
      " is [masked: KEY]",
      ", too",
    ]);
  });
});
