/**
 * The demo: the real opencode fixes a failing test in a small repository, with a scripted model on 127.0.0.1 behind
 * it, and looptrace shows what the loop did. With Langfuse's keys (or an OTLP endpoint) in the environment the trace
 * goes there as well.
 *
 *   npm run demo
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runCli } from "../../src/cli/program.js";
import { processTerminal, type Terminal } from "../../src/cli/terminal.js";
import { storePaths } from "../../src/deliver/store-paths.js";
import { loadScenario } from "../../test/provider/load-scenario.js";
import { isolatedOpenCode, openCodeBinary } from "../../test/support/isolated-opencode.js";

const scenario = await loadScenario(fileURLToPath(new URL("scenario.json", import.meta.url)));
const bench = await isolatedOpenCode(scenario);
const own = processTerminal();
// opencode lives in a home of its own; where traces go and are kept stays the user's.
const destinations = Object.entries(process.env).filter(([name]) =>
  /^(LANGFUSE_|OTEL_|TRACEPARENT$|NO_COLOR$|FORCE_COLOR$)/.test(name),
);
const terminal: Terminal = {
  ...own,
  cwd: bench.workdir,
  env: {
    ...bench.env,
    ...Object.fromEntries(destinations),
    LOOPTRACE_HOME: storePaths(process.env).root,
    LOOPTRACE_OPENCODE: openCodeBinary(),
  },
};

async function main(): Promise<number> {
  const [prompt] = scenario.prompts;
  if (!prompt) throw new Error("the demo's scenario has no prompt");
  own.err(`$ looptrace run ${JSON.stringify(prompt.text)}\n`);
  const exit = await runCli(["run", "--dir", bench.workdir, prompt.text], terminal);
  own.err("\n$ looptrace show --last\n");
  const shown = await runCli(["show", "--last"], terminal);
  const unforeseen = bench.provider.unforeseen();
  if (unforeseen.length > 0)
    throw new Error(
      `the scripted model was asked what its scenario does not answer: ${JSON.stringify(unforeseen.map(({ number, outcome }) => ({ number, outcome })))}`,
    );
  own.err(
    `\nThe model was scripted (${path.relative(process.cwd(), fileURLToPath(import.meta.url))}), everything else is real.\n`,
  );
  return exit === 0 ? shown : exit;
}

try {
  process.exitCode = await main();
} finally {
  await bench.remove();
}
