import { performance } from "node:perf_hooks";
import { rules } from "@secretlint/secretlint-rule-preset-recommend";
import { expect, test } from "vitest";
import { findKnownShapes } from "../../src/masking/known-shapes.js";
import { placesIn } from "../../src/masking/places.js";

const find = (text: string) => findKnownShapes(text, placesIn(text).known);

test("a look for tokens leaves nothing behind in its process, however often it is done", async () => {
  await findKnownShapes("nothing", [0]);
  const before = performance.getEntries().length;
  const found = await find(`TOKEN=ghp_${"aB3dE5fG7hJ9".repeat(3)}`);
  expect(found).not.toEqual([]);
  expect(performance.getEntries()).toHaveLength(before);
});

test("secretlint has the rules that it had when the beginnings of what they find were written down, and no others", () => {
  const ids = rules.map(({ meta }) => meta.id.replace("@secretlint/secretlint-rule-", ""));
  expect(ids.toSorted()).toEqual([
    ...["1password", "anthropic", "aws", "basicauth", "database-connection-string", "databricks", "docker"],
    ...["figma", "filter-comments", "gcp", "github", "gitlab", "grafana", "groq", "hashicorp-vault", "huggingface"],
    ...["linear", "notion", "npm", "openai", "privatekey", "sendgrid", "shopify", "slack", "vercel"],
  ]);
});

const mixed = (length: number) => "aB3dE5fG7hJ9kL1m".repeat(12).slice(0, length);
const hexes = (length: number) => "0a1b2c3d4e5f6789".repeat(4).slice(0, length);
const TOKENS: readonly string[] = [
  ...["AKIA", "ASIA", "AGPA", "AIDA", "AROA", "AIPA", "ANPA", "ANVA", "A3TX"].map(
    (begin) => `${begin}Q7X2M9B4Z8C1V5N3`,
  ),
  ...["aws_secret_access_key", "SecretAccessKey", "AWS_SECRET_ACCESS_KEY"].map((name) => `${name} = "${mixed(40)}"`),
  `npm_${mixed(36)}`,
  ...["xoxb", "xoxp", "xapp", "xoxa", "xoxo", "xoxr"].map((begin) => `${begin}-1-${mixed(12)}-${mixed(24)}`),
  `sk-proj-${mixed(74)}T3BlbkFJ${mixed(74)}`,
  `sk-${mixed(20)}T3BlbkFJ${mixed(20)}`,
  `sk-ant-api03-${mixed(93)}AA`,
  `lin_api_${mixed(40)}`,
  `SG.${mixed(22)}.${mixed(43)}`,
  ...["shppa", "shpca", "shpat", "shpss"].map((begin) => `${begin}_${mixed(32)}`),
  ...["ghp", "gho", "ghu", "ghs", "ghr"].map((begin) => `${begin}_${mixed(36)}`),
  `github_pat_${mixed(82)}`,
  `glpat-${mixed(20)}`,
  ...["vcp", "vci", "vca", "vcr", "vck"].map((begin) => `${begin}_${mixed(24)}`),
  ...["hvs", "hvr"].map((begin) => `${begin}.${mixed(95)}`),
  `hvb.${mixed(158)}`,
  `dapi${hexes(32)}`,
  `dckr_pat_${mixed(27)}`,
  `figd_${mixed(40)}`,
  `glsa_${mixed(32)}_${hexes(8)}`,
  `glc_${mixed(64)}`,
  `gsk_${mixed(52)}`,
  `hf_${"aBcDeFgHiJkLmNoPqRsTuVwXyZabCdEfGh"}`,
  `ntn_12345678901${mixed(35)}`,
  `ops_${Buffer.from(JSON.stringify({ email: mixed(60), key: mixed(40) })).toString("base64")}`,
];

test("the rules are asked wherever one of them would find something, and nowhere else", async () => {
  for (const [index, token] of TOKENS.entries()) {
    const whole = await findKnownShapes(` ${token} `, [0]);
    expect(whole, token).not.toEqual([]);
    // A digit, a sign, an escaped line break or a colour may stand right before it, and other windows around it.
    const far = index % 9 === 0 ? ["x".repeat(99_990), `${"y".repeat(250_000)} `] : [];
    for (const before of ["", "\n", "7", "_", "\\n", "\u001b[31m", ...far]) {
      const text = `${before}${token} `;
      expect(await find(text), `${before.slice(0, 9)}${token}`).toEqual(await findKnownShapes(text, everyWindow(text)));
    }
  }
  expect(placesIn("const token = session.key; the secret of npm_install, sk-learn and github_path").known).toEqual([]);
});

/** Places in every window of a text. */
function everyWindow(text: string): readonly number[] {
  return Array.from({ length: Math.ceil(text.length / 1_000) }, (_, index) => index * 1_000);
}

test("a comment for the rules that is taken out hides no token that only then is one", async () => {
  const text = `npm_secretlint-disable${mixed(18)} `;
  expect(await find(text)).toEqual(await findKnownShapes(text, [0]));
  expect(await find(text)).not.toEqual([]);
});
