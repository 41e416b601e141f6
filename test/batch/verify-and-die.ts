/** Verifies until it is killed: `verify-and-die.ts <directory> <command>`. */
import { runVerify } from "../../src/batch/verify.js";

const [cwd = "", command = ""] = process.argv.slice(2);
await runVerify(command, { cwd, environment: process.env, stdin: "", timeoutMs: 60_000, signal: undefined });
