import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { z } from "zod";
import type { AttackResult } from "./support/attack.js";

export const name = "properties";

/** Another one than the tests' own, and so many times as many values. */
const SEED = 13;
const TRIES = 10;
const TIMEOUT_MS = 600_000;

const report = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
      message: z.string(),
      name: z.string(),
      status: z.string(),
    }),
  ),
});

/** The properties of the unit tests, with many more values than each run of the tests has the time for. */
export async function run(): Promise<AttackResult> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".test.ts") && readFileSync(join(root, "test", file), "utf8").includes('from "fast-check"'),
  );
  const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  const options = ["run", "--project=unit", "--reporter=json", `--testTimeout=${TIMEOUT_MS}`];
  const env = { LOOPTRACE_TEST_SEED: String(SEED), LOOPTRACE_TEST_TRIES: String(TRIES) };
  const { stdout } = await execa(process.execPath, [vitest, ...options, ...files.map((file) => `test/${file}`)], {
    ...{ cwd: root, env, reject: false, stderr: "ignore" },
  });
  const { testResults } = report.parse(JSON.parse(stdout.slice(stdout.indexOf('{"'))));
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === "failed");
  return {
    figures: [
      `the properties in ${testResults.length} files, with ${TRIES} times as many values as in a run of the tests`,
    ],
    failures: [
      ...broken.map(({ name: file, message }) => `${file}: ${message}`),
      ...failed.map(
        ({ fullName, failureMessages }) => `seed ${SEED}: ${fullName}: ${failureMessages?.join(" ") ?? ""}`,
      ),
    ],
  };
}
