#!/usr/bin/env node
import { EXIT } from "./exit-codes.js";

// A reader that has seen enough (`looptrace show … | head`) is no failure, and no reason to leave a run half recorded.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
try {
  const { runCli } = await import("./program.js");
  const { processTerminal } = await import("./terminal.js");
  process.exitCode = await runCli(process.argv.slice(2), processTerminal());
} catch (error) {
  // What tells of errors is loaded from files as well.
  if (!(error instanceof Error && "code" in error && (error.code === "EMFILE" || error.code === "ENFILE")))
    throw error;
  process.stderr.write(
    "looptrace: too few files may be open at once to load this command. Raise the limit, by `ulimit -n 1024` say.\n",
  );
  process.exitCode = EXIT.usage;
}
