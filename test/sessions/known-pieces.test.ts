import fc from "fast-check";
import { expect, test } from "vitest";
import { textForms } from "../../src/masking/forms.js";
import { knownPieces } from "../../src/sessions/known-pieces.js";

const secrets = fc.stringMatching(/^[ -~é]{8,60}$/);

test("whatever form a secret has in a text of JSON, also broken in two, one of its pieces stands there", () => {
  fc.assert(
    fc.property(secrets, fc.string(), fc.nat(), (secret, around, cut) => {
      const pieces = knownPieces({ environment: {}, secrets: [secret] });
      if (!pieces) return;
      for (const form of textForms(secret)) {
        const whole = JSON.stringify({ text: `${around}${form}${around}` });
        expect(pieces.some((piece) => whole.includes(piece))).toBe(true);
        const at = cut % form.length;
        const broken = JSON.stringify([form.slice(0, at), form.slice(at)]);
        const run = Math.max(...(form.match(/[A-Za-z0-9]+/g) ?? [""]).map(({ length }) => length));
        if (run >= 16) expect(pieces.some((piece) => broken.includes(piece))).toBe(true);
      }
    }),
  );
});

test("a secret without letters in a row, patterns and other masking cannot be told by pieces", () => {
  expect(knownPieces({ environment: {}, secrets: ["a-b-c-d-e-f"] })).toBeUndefined();
  expect(knownPieces({ environment: {}, patterns: [/x/] })).toBeUndefined();
  expect(knownPieces({ environment: {}, replace: (text) => text })).toBeUndefined();
  expect(knownPieces({ environment: {}, knownShapes: false })).toBeUndefined();
  expect(knownPieces(false)).toBeUndefined();
  expect(knownPieces({ environment: { HOME: "/home/dev", LANG: "C.UTF-8" } })).toEqual([]);
});
