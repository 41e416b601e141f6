/**
 * A program with a run folder and processes of the run, until it is ended from outside: `run-and-hang.ts <how many>`.
 * Prints the folder and the run's id when all have begun. They are as stubborn as opencode 1.15 and its commands can
 * be.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRunFolder } from "../../../src/opencode/program/run-folder.js";

const [count = "1"] = process.argv.slice(2);
const folder = await createRunFolder();
for (let index = 0; index < Number(count); index += 1) {
  const script =
    index % 2 === 0 ? "echo on; exec sleep 300" : "trap '' TERM INT HUP; echo on; while :; do sleep 1; done";
  const child = spawn("/bin/sh", ["-c", script], {
    detached: true,
    env: { PATH: process.env.PATH, LOOPTRACE_RUN_ID: folder.runId },
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  child.unref();
}
console.log(JSON.stringify({ path: folder.path, runId: folder.runId }));
setInterval(() => undefined, 1_000);
