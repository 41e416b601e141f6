import fc from "fast-check";
import { expect, test } from "vitest";
import { textForms } from "../../src/masking/forms.js";
import { quickMask } from "../../src/masking/mask.js";
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

test("whatever is masked where it is broken into many lines, one of its pieces stands there", () => {
  const widths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 9 });
  let masked = 0;
  fc.assert(
    fc.property(
      fc.stringMatching(/^[!-~]{16,60}$/),
      widths,
      fc.constantFrom("\n", "\r\n    | "),
      (secret, lines, end) => {
        const masking = { environment: {}, secrets: [secret] };
        const rest = lines.reduce<readonly string[]>(
          ([text = "", ...before], width) => [text.slice(width), text.slice(0, width), ...before],
          [secret],
        );
        const text = rest.toReversed().join(end);
        const pieces = knownPieces(masking);
        if (!pieces || quickMask(masking)(text) === text) return;
        masked += 1;
        expect(pieces.some((piece) => JSON.stringify(text).includes(piece))).toBe(true);
      },
    ),
  );
  expect(masked).toBeGreaterThan(0);
  const pieces = knownPieces({ environment: {}, secrets: ["hunter2hunter2hunter2"] }) ?? [];
  expect(pieces.some((piece) => "hunter2hu\\nnter2hunt\\ner2".includes(piece))).toBe(true);
});

test("a secret without letters in a row, patterns and other masking cannot be told by pieces", () => {
  expect(knownPieces({ environment: {}, secrets: ["a-b-c-d-e-f"] })).toBeUndefined();
  expect(knownPieces({ environment: {}, patterns: [/x/] })).toBeUndefined();
  expect(knownPieces({ environment: {}, replace: (text) => text })).toBeUndefined();
  expect(knownPieces({ environment: {}, knownShapes: false })).toBeUndefined();
  expect(knownPieces(false)).toBeUndefined();
  expect(knownPieces({ environment: { HOME: "/home/dev", LANG: "C.UTF-8" } })).toEqual([]);
});
