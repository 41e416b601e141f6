/**
 * Builds looptrace and measures it with `bench.ts`; what is wrong with the arguments is said before that takes its
 * minutes.
 */
import { spawnSync } from "node:child_process";
import { messageOf } from "../../src/errors/thrown.js";
import { BENCH_HELP, benchOptions } from "./bench-options.js";

const wanted = read();
if (wanted === "help") process.stdout.write(BENCH_HELP);
else if (wanted !== undefined) {
  // Standard output is for the figures.
  const { status } = spawnSync("npm", ["run", "build"], { stdio: ["ignore", 2, 2] });
  if (status === 0) await import("./bench.js");
  else process.exitCode = 1;
}

function read(): ReturnType<typeof benchOptions> | undefined {
  try {
    return benchOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${BENCH_HELP}`);
    process.exitCode = 2;
    return undefined;
  }
}
