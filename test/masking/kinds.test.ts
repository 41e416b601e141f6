import { describe, expect, test, vi } from "vitest";
import { maskFor } from "../../src/masking/mask.js";
import { HOSTILE } from "../attack/secrets/hostile.js";
import { measureInnocents } from "../attack/secrets/innocents.js";
import { KINDS } from "../attack/secrets/kinds.js";
import { measureLeaks } from "../attack/secrets/leaks.js";
import { MOST_LEAKING, MOST_MASKED } from "../attack/secrets/limits.js";
import { PLACES } from "../attack/secrets/places.js";
import { measureWireLeaks } from "../attack/secrets/wire-leaks.js";
import { patiently } from "../support/patience.js";
import { tries } from "../support/tries.js";

// Hundreds of secrets and long texts, which a busy machine takes its time for.
vi.setConfig({ testTimeout: patiently(120_000) });

test("of 150 kinds of secrets and more, in 20 places and more, hardly any can be read", async () => {
  expect(KINDS.length).toBeGreaterThanOrEqual(150);
  expect(PLACES.length).toBeGreaterThanOrEqual(20);
  const { kinds, leaking, unstable, tried } = await measureLeaks(7, 4);
  expect(tried).toBe(4 * kinds);
  expect(Object.fromEntries(leaking)).toSatisfy(() => leaking.size / kinds <= MOST_LEAKING);
  expect(unstable).toEqual([]);
});

test("nor can they in what opencode sends and is sent, as it is kept", async () => {
  const { kinds, leaking, unstable, tried } = await measureWireLeaks(7, 1);
  expect(tried).toBe(kinds);
  expect(Object.fromEntries(leaking)).toSatisfy(() => leaking.size / kinds <= MOST_LEAKING);
  expect(unstable).toEqual([]);
});

test("ordinary source stays as it is", async () => {
  const { lines, masked } = await measureInnocents(40_000, 3);
  expect(lines).toBeGreaterThan(20_000);
  expect(masked).toSatisfy(() => masked.length <= Math.ceil(lines * MOST_MASKED));
});

describe("a text that was made to take long takes no longer than others", () => {
  test.each(HOSTILE)("%s", async (_, text) => {
    const hostile = text(tries(10_000));
    const mask = await maskFor([hostile], { environment: {} });
    const once = mask(hostile);
    expect(typeof once).toBe("string");
  });
});
