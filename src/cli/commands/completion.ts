import type { Command } from "commander";
import { completionOf, type Known } from "../completion/candidates.js";
import { knownOf } from "../completion/known.js";
import { PATHS, SCRIPTS, type Shell } from "../completion/scripts.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { Terminal } from "../terminal.js";

/** `looptrace completion`: prints what a shell reads to complete command lines. */
export function completion(shell: Shell, terminal: Terminal): ExitCode {
  terminal.out(SCRIPTS[shell]);
  return EXIT.ok;
}

/**
 * What those scripts call: prints a line for each word that may stand at the cursor. It says nothing of what is wrong,
 * since that would be written into the command line that is typed.
 *
 * @param program with all commands
 */
export async function complete(
  program: Command,
  words: readonly string[],
  terminal: Terminal,
  known: Known = knownOf(terminal),
): Promise<ExitCode> {
  const { candidates, paths } = await completionOf(program, words, quiet(known));
  const lines = candidates.map(({ value, about }) => `${value}\t${about}`);
  terminal.out([...lines, ...(paths ? [PATHS[paths]] : [])].map((line) => `${line}\n`).join(""));
  return EXIT.ok;
}

function quiet({ sessions, models, agents }: Known): Known {
  const or =
    <T>(ask: () => Promise<readonly T[]>) =>
    () =>
      ask().catch((): readonly T[] => []);
  return { sessions: or(sessions), models: or(models), agents: or(agents) };
}
