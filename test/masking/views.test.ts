import { expect, test } from "vitest";
import { decodedFromBase64 } from "../../src/masking/views.js";

const encoded = Buffer.from("the password is in here.").toString("base64");

/** The lower halves of these characters' codes are those of letters and digits. */
test.each(["═", "Ł"])("many of %s are gone through once on the way to what stands behind", (character) => {
  const before = character.repeat(400_000);
  const at = before.length;
  expect([...decodedFromBase64(`${before}${encoded}${before}`)]).toEqual([
    { from: at, to: at + encoded.length, text: "the password is in here." },
  ]);
});
