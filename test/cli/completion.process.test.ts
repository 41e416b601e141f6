import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SCRIPTS, SHELLS } from "../../src/cli/completion/scripts.js";
import { cliCommand } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";

allowColdStarts();

const run = promisify(execFile);
const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "looptrace-completion-"));
  const command = cliCommand()
    .map((word) => `'${word}'`)
    .join(" ");
  await writeFile(join(folder, "looptrace"), `#!/bin/sh\nexec ${command} "$@"\n`);
  await chmod(join(folder, "looptrace"), 0o755);
  for (const shell of SHELLS) await writeFile(join(folder, `script.${shell}`), SCRIPTS[shell]);
  await writeFile(join(folder, "a session.json"), "{}");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function inShell(shell: string, args: readonly string[]) {
  const PATH = `${folder}${delimiter}${process.env.PATH}`;
  return run(shell, args, { cwd: folder, env: { PATH, HOME: folder, LOOPTRACE_HOME: join(folder, "home") } });
}

test.skipIf(!has("bash"))("bash completes commands, values and files with blanks", async () => {
  const program = `
source script.bash
typed() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _looptrace_complete; printf '[%s]' "\${COMPREPLY[@]}"; echo; }
typed looptrace adv
typed looptrace context --by = o
typed looptrace show 'a s'
complete -p looptrace`;
  const { stdout, stderr } = await inShell("bash", ["--norc", "-c", program]);
  expect(stderr).toBe("");
  expect(stdout).toBe("[advise]\n[owner]\n[a session.json]\ncomplete -F _looptrace_complete looptrace\n");
});

describe.skipIf(!has("fish"))("fish", () => {
  test("completes commands and flags, with what they do", async () => {
    const program = "source script.fish; complete -C 'looptrace adv'; complete -C 'looptrace check --no-cache'";
    // From fish 4 on a question mark stands for itself alone.
    const { stdout } = await inShell("fish", ["--features=qmark-noglob", "--no-config", "-c", program]);
    expect(stdout).toBe(
      "advise\tsay what could have been spared, and how\n--no-cache-breaks\tthe provider's cache may not break\n",
    );
  });
});

test.skipIf(!has("zsh"))("zsh reads its script, and knows the completion by it", async () => {
  const program = 'autoload -Uz compinit; compinit -u -D; source script.zsh; print -r -- "$_comps[looptrace]"';
  expect((await inShell("zsh", ["-f", "-c", program])).stdout).toBe("_looptrace\n");
});
