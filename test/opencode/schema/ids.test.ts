import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { idTime, isSessionId } from "../../../src/opencode/schema/ids.js";
import { fixtureNames, loadFixture } from "../../support/fixtures.js";

const WRAP_MS = 2 ** 36;

/** An id as opencode mints it at a time. */
function minted(prefix: string, at: number, counter: number): string {
  const bits = (BigInt(at) * 0x1000n + BigInt(counter)) & 0xffff_ffff_ffffn;
  const shown = prefix === "ses" ? ~bits & 0xffff_ffff_ffffn : bits;
  return `${prefix}_${shown.toString(16).padStart(12, "0")}l9DUyHXXLDzr8d`;
}

const prefix = fc.constantFrom("ses", "msg", "prt", "evt", "per", "tool");

test("an id tells the ms at which it was minted, whatever its kind", () => {
  const time = fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2090, 0) });
  fc.assert(
    fc.property(
      prefix,
      time,
      fc.integer({ min: 0, max: 0xfff }),
      fc.integer({ min: -1e9, max: 1e9 }),
      (kind, at, counter, off) => {
        expect(idTime(minted(kind, at, counter), at + off)).toBe(at);
      },
    ),
  );
});

test("of all times that the 36 bits can mean, it is the nearest to the given one", () => {
  const time = fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2090, 0) });
  fc.assert(
    fc.property(prefix, time, time, (kind, at, near) => {
      const read = idTime(minted(kind, at, 1), near) ?? Number.NaN;
      expect(Number.isInteger((read - at) / WRAP_MS)).toBe(true);
      expect(Math.abs(read - near)).toBeLessThanOrEqual(WRAP_MS / 2);
    }),
  );
});

test("around the moment at which the bits begin anew", () => {
  const turn = 26 * WRAP_MS;
  expect(idTime(minted("msg", turn - 1, 3), turn + 5)).toBe(turn - 1);
  expect(idTime(minted("msg", turn, 3), turn - 5)).toBe(turn);
});

describe.each(fixtureNames)("%s", (name) => {
  const { session, subagents } = loadFixture(name);

  test("has ids that agree with the times that opencode wrote beside them", () => {
    for (const { info, messages } of [session, ...subagents]) {
      expect(Math.abs((idTime(info.id, info.time.created) ?? 0) - info.time.created)).toBeLessThan(500);
      for (const message of messages) {
        const { created } = message.info.time;
        expect(Math.abs((idTime(message.info.id, created) ?? 0) - created)).toBeLessThan(500);
        for (const part of message.parts) {
          const at = idTime(part.id, created) ?? 0;
          if (part.type === "reasoning" && part.time) expect(Math.abs(at - part.time.start)).toBeLessThan(100);
          if (part.type === "tool" && part.state.status !== "pending") {
            expect(at).toBeLessThanOrEqual(part.state.time.start);
          }
        }
      }
    }
  });
});

test.each([
  "",
  "msg_",
  "msg_1fc2fe96b001",
  "msg_XYZ2fe96b001l9DUyHXXLDzr8d",
  "foo_1fc2fe96b001l9DUyHXXLDzr8d",
  " prt_1fc2fe96b001l9DUyHXXLDzr8d",
])("%j is no id of opencode's form", (id) => {
  expect(idTime(id, 0)).toBeUndefined();
});

test("an id of another form in any of its characters tells no time", () => {
  const FORM = /^(?:ses|msg|prt|evt|per|tool)_[0-9a-f]{12}[0-9A-Za-z]+$/;
  const id = minted("prt", Date.UTC(2026, 10), 1);
  const character = fc.constantFrom(..."_-/:@[`{gGaAfF09zZ é");
  fc.assert(
    fc.property(fc.nat(id.length), fc.nat(1), character, (at, left, other) => {
      const changed = `${id.slice(0, at)}${other}${id.slice(at + left)}`;
      expect(idTime(changed, 0) !== undefined, changed).toBe(FORM.test(changed));
    }),
  );
});

test("a session id has a form of its own", () => {
  expect(isSessionId("ses_e03b6040dffersic5cVr7YuLmg")).toBe(true);
  for (const text of ["", "ses_", "msg_1fc2fe96b001l9", "ses_../../etc", "ses_a/b", "a ses_abc"]) {
    expect(isSessionId(text)).toBe(false);
  }
});
