import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MASKING_RULES } from "../../src/masking/rules.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The code of a file without its comments, which are lines of their own. */
function codeOf(path: string): string {
  const lines = readFileSync(`${root}${path}`, "utf8").split("\n");
  return lines.filter((line) => line.trim() !== "" && !/^\s*(?:\/\/|\/\*|\*)/.test(line)).join("\n");
}

test("the rules are named by what they are: where this fails they have changed, and MASKING_RULES becomes the new name", () => {
  const files = ["src/masking/", "src/wire/masking/"].flatMap((folder) =>
    readdirSync(`${root}${folder}`)
      .sort()
      .filter((name) => name.endsWith(".ts") && name !== "rules.ts")
      .map((name) => `${folder}${name}`),
  );
  const { packages } = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8"));
  const versions = Object.keys(packages)
    .filter((path) => /^node_modules\/@secretlint\//.test(path))
    .map((path) => `${path} ${packages[path].version}`);
  const digest = createHash("sha256");
  for (const text of [...files.map(codeOf), ...versions]) digest.update(`${text}\0`);
  expect(MASKING_RULES).toBe(digest.digest("hex").slice(0, 16));
});
