import fc from "fast-check";
import { expect, test } from "vitest";
import { KeptBodies, type KeptText } from "../../../src/wire/recording/kept-bodies.js";

/** Texts each of which begins and ends like one before it. */
const chain = fc.array(fc.record({ base: fc.nat(), keep: fc.nat(40), put: fc.string({ maxLength: 6 }) }), {
  minLength: 1,
  maxLength: 200,
});

test("texts come out as they were, in whatever order they are asked for", () => {
  fc.assert(
    fc.property(chain, fc.array(fc.nat(), { maxLength: 40 }), (edits, asked) => {
      const bodies = new KeptBodies();
      const texts: string[] = [];
      const kept: KeptText[] = [];
      for (const { base, keep, put } of edits) {
        const from = base % (texts.length + 1);
        const [text = "", before] = [texts[from], kept[from]];
        const prefix = Math.min(keep, text.length);
        const suffix = Math.floor((text.length - prefix) / 2);
        texts.push(before ? text.slice(0, prefix) + put + text.slice(text.length - suffix) : put);
        kept.push(
          bodies.add(
            before ? { base: before, prefix, suffix, middle: put } : { base: null, prefix: 0, suffix: 0, middle: put },
          ),
        );
      }
      for (const place of asked.map((one) => one % kept.length)) {
        const one = kept[place];
        if (one) expect([bodies.textOf(one), one.length]).toEqual([texts[place], texts[place]?.length]);
      }
    }),
  );
});

test("a body is kept by what differs from the one before it, and says its text when it is asked", () => {
  const bodies = new KeptBodies();
  const first = bodies.add({ base: null, prefix: 0, suffix: 0, middle: "[one, two]" });
  const body = bodies.after("[one, 2, two]", first, { bytes: 13, hash: "h" });
  expect(body).toEqual({ text: "[one, 2, two]", bytes: 13, hash: "h" });
  expect(structuredClone(body)).toEqual({ text: "[one, 2, two]", bytes: 13, hash: "h" });
});
