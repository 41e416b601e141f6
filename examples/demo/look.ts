import { runCli } from "../../src/cli/program.js";
import { processTerminal } from "../../src/cli/terminal.js";
import { storePaths } from "../../src/files/store-paths.js";

/** Where the demo keeps its sessions: beside the user's own and not among them. */
export function demoHome(env: Readonly<Record<string, string | undefined>>): string {
  return `${storePaths(env).root}-demo`;
}

/** What to look at the demo's session with, wherever in the clone one stands. */
export const LOOK: readonly string[] = [
  "npm run -s demo -- show 1",
  "npm run -s demo -- show 1 --step 1",
  "npm run -s demo -- report 1 --open",
];

/** Runs a command line of looptrace's on what the demo has kept. @returns its exit code */
export async function lookAtDemo(argv: readonly string[]): Promise<number> {
  const terminal = processTerminal();
  // npm runs scripts in the package's folder.
  const cwd = process.env.INIT_CWD ?? terminal.cwd;
  return await runCli(argv, { ...terminal, cwd, env: { ...process.env, LOOPTRACE_HOME: demoHome(process.env) } });
}
