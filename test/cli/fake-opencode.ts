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

/** What is not about a run is answered without a start of node. */
const PROGRAM = `#!/bin/sh
[ "$1" = --version ] && echo 1.18.33 && exit 0
[ "$1" = run ] || exit 1
exec '${process.execPath}' "$(dirname "$0")/record.cjs" "$@"
`;

const RECORD = `
const fs = require("node:fs");
const config = process.env.OPENCODE_CONFIG_CONTENT;
const run = { argv: process.argv.slice(2), stdin: fs.readFileSync(0, "utf8"), cwd: process.cwd(), config };
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
  await writeFile(path, PROGRAM);
  await writeFile(join(folder, "record.cjs"), RECORD);
  await chmod(path, 0o755);
  return {
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      LOOPTRACE_HOME: join(folder, "looptrace"),
      LOOPTRACE_WARM: "0",
      LOOPTRACE_OPENCODE: path,
    },
    path,
    cwd,
    lastRun: async () => recorded.parse(JSON.parse(await readFile(join(folder, "run.json"), "utf8"))),
  };
}
