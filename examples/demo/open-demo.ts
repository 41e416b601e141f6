import { fileURLToPath } from "node:url";
import { runCli } from "../../src/cli/program.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { loadScenario } from "../../test/provider/load-scenario.js";
import { isolatedOpenCode, openCodeBinary } from "../../test/support/isolated-opencode.js";

/** The demo's repository with an opencode of its own, and the scripted model behind it. */
export interface Demo {
  readonly prompt: string;
  /** Where opencode works. */
  readonly workdir: string;
  /** Runs a command line of looptrace's there, and gives its exit code. */
  looptrace(...argv: readonly string[]): Promise<number>;
  /** @throws when the model was asked what its scenario does not answer */
  check(): void;
  /** Removes all of it. */
  remove(): Promise<void>;
}

/**
 * @param own where the commands write
 * @param env what they find in the environment beside what opencode needs; `LOOPTRACE_HOME` says where traces are kept
 */
export async function openDemo(own: Terminal, env: Readonly<Record<string, string | undefined>>): Promise<Demo> {
  const scenario = await loadScenario(fileURLToPath(new URL("scenario.json", import.meta.url)));
  const [prompt] = scenario.prompts;
  if (!prompt) throw new Error("the demo's scenario has no prompt");
  const bench = await isolatedOpenCode(scenario);
  const terminal: Terminal = {
    ...own,
    cwd: bench.workdir,
    env: { ...bench.env, ...env, LOOPTRACE_OPENCODE: openCodeBinary() },
  };
  return {
    prompt: prompt.text,
    workdir: bench.workdir,
    looptrace: (...argv) => runCli(argv, terminal),
    check() {
      const unforeseen = bench.provider.unforeseen();
      if (unforeseen.length === 0) return;
      const what = unforeseen.map(({ number, outcome }) => ({ number, outcome }));
      throw new Error(`the scripted model was asked what its scenario does not answer: ${JSON.stringify(what)}`);
    },
    remove: () => bench.remove(),
  };
}
