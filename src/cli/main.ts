#!/usr/bin/env node
import { runCli } from "./program.js";
import { processTerminal } from "./terminal.js";

// A reader that has seen enough (`looptrace show … | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await runCli(process.argv.slice(2), processTerminal());
