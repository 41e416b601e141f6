/**
 * The demo: the real opencode fixes a failing test in a small repository, with a scripted model on 127.0.0.1 behind
 * it, and looptrace shows what the loop did. With Langfuse's keys (or an OTLP endpoint) in the environment the trace
 * goes there as well.
 *
 *   npm run demo
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { processTerminal } from "../../src/cli/terminal.js";
import { storePaths } from "../../src/files/store-paths.js";
import { openDemo } from "./open-demo.js";

const own = processTerminal();
// opencode lives in a home of its own; where traces go and are kept stays the user's.
const destinations = Object.entries(process.env).filter(([name]) =>
  /^(LANGFUSE_|OTEL_|TRACEPARENT$|NO_COLOR$|FORCE_COLOR$)/.test(name),
);
const demo = await openDemo(own, {
  ...Object.fromEntries(destinations),
  LOOPTRACE_HOME: storePaths(process.env).root,
});

async function main(): Promise<number> {
  own.err(`$ looptrace run ${JSON.stringify(demo.prompt)}\n`);
  const exit = await demo.looptrace("run", "--dir", demo.workdir, demo.prompt);
  own.err("\n$ looptrace show --last\n");
  const shown = await demo.looptrace("show", "--last");
  demo.check();
  own.err(
    `\nThe model was scripted (${path.relative(process.cwd(), fileURLToPath(import.meta.url))}), everything else is real.\n`,
  );
  return exit === 0 ? shown : exit;
}

try {
  process.exitCode = await main();
} finally {
  await demo.remove();
}
