/** A program that is killed the moment that its run folder is there, before anything else is done. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { mkdirSync } = fs;
const { mkdtemp } = fs.promises;
const isRunFolder = (path: unknown): boolean => /\blooptrace-\d+-/.test(String(path));
const die = (): void => void process.kill(process.pid, "SIGKILL");

// However it is made.
Object.assign(fs, {
  mkdirSync(...made: Parameters<typeof mkdirSync>) {
    const path = mkdirSync(...made);
    if (isRunFolder(made[0])) die();
    return path;
  },
});
Object.assign(fs.promises, {
  async mkdtemp(prefix: string) {
    const path = await mkdtemp(prefix);
    if (isRunFolder(path)) die();
    return path;
  },
});
syncBuiltinESMExports();

const { createRunFolder } = await import("../../../src/opencode/program/run-folder.js");
await createRunFolder();
