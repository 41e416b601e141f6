/**
 * The demo: the real opencode fixes a failing test in a small repository, with a scripted model on 127.0.0.1 behind
 * it, and looptrace shows what the loop did. With Langfuse's keys (or an OTLP endpoint) in the environment the trace
 * goes there as well.
 *
 *   npm run demo
 *   npm run -s demo -- show --last     # looptrace on what it has kept
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { processTerminal } from "../../src/cli/terminal.js";
import { tellWriteErrors } from "../../src/cli/write-errors.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { lastStoredSession } from "../../src/sessions/stored-files.js";
import { demoHome, inClone, lookAtDemo, lookCommands } from "./look.js";
import { type Demo, openDemo } from "./open-demo.js";

const exitCodeOf = tellWriteErrors();
const own = processTerminal();

async function play(demo: Demo): Promise<number> {
  own.err(`$ looptrace run ${JSON.stringify(demo.prompt)}\n`);
  const exit = await demo.looptrace("run", "--dir", demo.workdir, demo.prompt);
  own.err("\n$ npm run -s demo -- show --last\n");
  const shown = await demo.looptrace("show", "--last");
  demo.check();
  own.err(
    `\nThe model was scripted (${path.relative(process.cwd(), fileURLToPath(import.meta.url))}), everything else is real.\n`,
  );
  const home = demoHome(process.env);
  // What was kept last is what was just shown.
  const id = await lastStoredSession(storePathsAt(home));
  if (id !== undefined) {
    own.err(`Its session is kept apart from yours, in ${home}. Look at it again:\n\n`);
    for (const command of await lookCommands(home, id)) own.err(`  ${command}\n`);
  }
  return exit === 0 ? shown : exit;
}

async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  if (argv.length > 0) return await lookAtDemo(argv, own);
  // opencode lives in a home of its own; where traces go stays the user's choice.
  const destinations = Object.entries(process.env).filter(([name]) =>
    /^(LANGFUSE_|OTEL_|TRACEPARENT$|NO_COLOR$|FORCE_COLOR$)/.test(name),
  );
  const demo = await openDemo(inClone(own), {
    ...Object.fromEntries(destinations),
    LOOPTRACE_HOME: demoHome(process.env),
  });
  try {
    return await play(demo);
  } finally {
    await demo.remove();
  }
}

process.exitCode = exitCodeOf(await main());
