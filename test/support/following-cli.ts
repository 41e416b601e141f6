import { type CliProcess, type CliSurroundings, startLooptrace } from "./cli.js";
import type { Json } from "./play-run.js";
import { onTestFinished } from "./side-by-side.js";
import { until } from "./until.js";

/** A command that goes on until it is interrupted, and prints a line of JSON for each turn. */
export interface FollowingCli extends CliProcess {
  readonly turns: () => readonly Json[];
  readonly stderr: () => string;
  /** Ctrl-C. */
  end(): Promise<{ readonly code: number; readonly stderr: string }>;
}

/** Starts one, and waits until it says that it follows. */
export async function startFollowing(argv: readonly string[], around: CliSurroundings): Promise<FollowingCli> {
  const started = startLooptrace(argv, around);
  onTestFinished(() => void started.child.kill("SIGKILL"));
  const said = { rest: "", stderr: "" };
  const turns: Json[] = [];
  started.child.stdout?.on("data", (text: string) => {
    const lines = `${said.rest}${text}`.split("\n");
    said.rest = lines.pop() ?? "";
    turns.push(...lines.map((line): Json => JSON.parse(line)));
  });
  started.child.stderr?.on("data", (text: string) => {
    said.stderr += text;
  });
  await until(() => said.stderr.includes("Ctrl-C ends it.") || started.child.exitCode !== null);
  return {
    ...started,
    turns: () => turns,
    stderr: () => said.stderr,
    end: async () => {
      started.child.kill("SIGINT");
      const { code, stderr } = await started.ended;
      return { code, stderr };
    },
  };
}
