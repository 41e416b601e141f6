import { mkdtemp, readFile, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliResult, looptrace } from "../support/cli.js";
import { readSpans } from "../support/received-spans.js";
import { atifSchema } from "../trajectory/atif-schema.js";

const FIXTURES = fileURLToPath(new URL("../../fixtures", import.meta.url));
const [first = "", second = ""] = ["multistep", "failing-tool"].map((name) =>
  join(FIXTURES, `${name}@1.18.33`, "session.json"),
);
let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "export-")));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function exported(...argv: readonly string[]): Promise<CliResult> {
  return looptrace(["export", ...argv], { env: { LOOPTRACE_HOME: join(folder, "store") }, cwd: folder });
}

test("one session is one trajectory, several are one a line", async () => {
  const one = await exported(first, "--format", "atif", "-o", "one.json");
  expect(one).toMatchObject({
    code: 0,
    stdout: "",
    stderr: expect.stringMatching(/^looptrace: wrote .*one\.json, .*1 session/),
  });
  const path = join(folder, "one.json");
  expect(atifSchema.parse(JSON.parse(await readFile(path, "utf8"))).steps.length).toBeGreaterThan(4);
  if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).toBe(0o600);
  const two = await exported(first, second, "--format", "atif");
  const lines = two.stdout.trimEnd().split("\n");
  expect(lines.map((line) => atifSchema.parse(JSON.parse(line)).session_id)).toHaveLength(2);
});

test("otlp is a request a line, by the conventions", async () => {
  const { code, stdout } = await exported(first, "--format", "otlp");
  const found: string[] = [];
  const spans = stdout
    .trimEnd()
    .split("\n")
    .flatMap((line) => readSpans(JSON.parse(line), found));
  expect([code, found]).toEqual([0, []]);
  expect(spans.at(-1)).toMatchObject({ name: "invoke_agent build", parentSpanId: "", scope: { name: "looptrace" } });
});

test("without a format, or with one that there is not, it says which there are", async () => {
  expect(await exported(first)).toMatchObject({ code: 2, stderr: expect.stringContaining("--format") });
  const wrong = await exported(first, "--format", "xml");
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/atif or otlp/) });
  expect(await exported(first, "--format", "atif", "-o", first)).toMatchObject({ code: 2 });
});
