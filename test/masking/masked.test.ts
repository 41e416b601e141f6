import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Masking } from "../../src/masking/mask.js";
import { asMasked, maskedLike, maskRest } from "../../src/masking/masked.js";

const TOKEN = `ghp_${"a1B2".repeat(9)}`;
const KEY = "sk-lf-not-of-any-shape";

async function rest(value: object, masking: Masking, beside: unknown = {}): Promise<string> {
  const { values } = await maskRest([value], beside, masking);
  return JSON.stringify(values);
}

describe("what a value's masking left is masked, and no more", () => {
  const value = { text: `${TOKEN} ${KEY} acme-12 plain` };
  const environment = {};

  test("an unmasked value is masked whole, and so is a copy of a masked one", async () => {
    const masked = asMasked(value, { environment });
    expect(await rest(value, { environment })).toContain(TOKEN);
    expect(await rest({ ...masked }, { environment })).not.toContain(TOKEN);
    expect(await rest(JSON.parse(JSON.stringify(masked)), { environment })).not.toContain(TOKEN);
  });

  test.each<[string, Masking, Masking, readonly string[]]>([
    ["the same", { environment }, { environment }, []],
    ["a further secret", { environment }, { environment, secrets: [KEY] }, [KEY]],
    ["a secret that was known", { environment, secrets: [KEY] }, { environment, secrets: [KEY] }, []],
    ["a further variable", { environment }, { environment: { MY_TOKEN: KEY } }, [KEY]],
    ["a variable that was known", { environment: { MY_TOKEN: KEY } }, { environment: { X_TOKEN: KEY } }, []],
    ["a further pattern", { environment }, { environment, patterns: [/acme-\d+/] }, ["acme-12"]],
    ["a known pattern", { environment, patterns: [/acme-\d+/] }, { environment, patterns: [/acme-\d+/] }, []],
    ["nothing", { environment }, false, []],
    ["known shapes where they were left", { environment, knownShapes: false }, { environment }, [TOKEN]],
    ["all where nothing was masked", false, { environment, secrets: [KEY] }, [TOKEN, KEY]],
  ])("%s", async (_, done, wanted, gone) => {
    const text = await rest(asMasked({ ...value }, done), wanted);
    expect([TOKEN, KEY, "acme-12"].filter((one) => !text.includes(one))).toEqual(gone);
  });

  test("another function of the caller's masks anew, the same one does not", async () => {
    const replace = (text: string): string => text.replace("plain", "other");
    const masked = asMasked({ ...value }, { environment, replace });
    expect(await rest(masked, { environment, replace })).toContain(TOKEN);
    expect(await rest(masked, { environment, replace: (text) => text.toUpperCase() })).not.toContain(TOKEN);
  });
});

test("what a masking is told of after it was done was not masked", async () => {
  const value = { text: `${KEY} acme-12` };
  const secrets: string[] = [];
  const patterns: RegExp[] = [];
  const masking = { environment: {}, secrets, patterns };
  const masked = asMasked({ ...value }, masking);
  secrets.push(KEY);
  patterns.push(/acme-\d+/);
  expect(await rest(masked, masking)).not.toMatch(/not-of-any-shape|acme-12/);

  const byProcess = asMasked({ ...value }, {});
  vi.stubEnv("LATER_TOKEN", KEY);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await rest(byProcess, {})).not.toContain(KEY);
});

test("what was computed from a copy of a masked value counts as not masked", async () => {
  const copy = { ...asMasked({ text: TOKEN }, false) };
  expect(await rest(maskedLike({ other: TOKEN }, copy), { environment: {} })).not.toContain(TOKEN);
});

test("what was computed from a masked value is as masked as that", async () => {
  const source = asMasked({ text: TOKEN }, { environment: {} });
  expect(await rest(maskedLike({ other: TOKEN }, source), { environment: {} })).toContain(TOKEN);
  expect(await rest(maskedLike({ other: KEY }, source), { environment: {}, secrets: [KEY] })).not.toContain(KEY);
});

test("a secret that is found beside masked values is masked in them too", async () => {
  const masked = asMasked({ text: `it is ${TOKEN}` }, { environment: {} });
  const { values, beside } = await maskRest([masked], { note: TOKEN }, { environment: {} });
  expect(JSON.stringify([values, beside])).not.toContain(TOKEN);
});
