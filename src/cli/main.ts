#!/usr/bin/env node
import { runCli } from "./program.js";
import { processTerminal } from "./terminal.js";

// A reader that has seen enough (`looptrace show … | head`) is no failure, and no reason to leave a run half recorded.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
process.exitCode = await runCli(process.argv.slice(2), processTerminal());
