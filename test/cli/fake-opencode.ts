import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { z } from "zod";

const recorded = z.object({
  argv: z.array(z.string()),
  stdin: z.string(),
  cwd: z.string(),
  config: z.string().optional(),
});
export type RecordedRun = z.infer<typeof recorded>;

/** A program in opencode's place that writes down how it was called, and fails. */
export interface FakeOpenCode {
  /** The environment for looptrace, with this opencode in it. */
  readonly env: Readonly<Record<string, string>>;
  readonly path: string;
  /** An empty folder to work in. */
  readonly cwd: string;
  /** The last `opencode run`. */
  lastRun(): Promise<RecordedRun>;
}

const PROGRAM = `
const fs = require("node:fs");
const argv = process.argv.slice(2);
if (argv[0] === "--version") {
  console.log("1.18.33");
  process.exit(0);
}
if (argv[0] !== "run") process.exit(1);
const config = process.env.OPENCODE_CONFIG_CONTENT;
const run = { argv, stdin: fs.readFileSync(0, "utf8"), cwd: process.cwd(), config };
fs.writeFileSync(__dirname + "/run.json", JSON.stringify(run));
process.exit(1);
`;

/** Removed with the test. */
export async function fakeOpenCode(): Promise<FakeOpenCode> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "fake-opencode-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "opencode");
  const cwd = join(folder, "work");
  await mkdir(cwd);
  await writeFile(path, `#!${process.execPath}\n${PROGRAM}`);
  await chmod(path, 0o755);
  return {
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      LOOPTRACE_HOME: join(folder, "looptrace"),
      LOOPTRACE_OPENCODE: path,
    },
    path,
    cwd,
    lastRun: async () => recorded.parse(JSON.parse(await readFile(join(folder, "run.json"), "utf8"))),
  };
}
