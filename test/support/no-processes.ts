import childProcess, { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";

/** Set up for the unit tests: what would start a process throws, and says where such a test belongs. */
function refuse(): never {
  throw new Error("A unit test starts no process: call its file *.process.test.ts.");
}

// `spawn`, `exec`, `execFile` and `fork` come down to this.
Object.assign(ChildProcess.prototype, { spawn: refuse });
Object.assign(childProcess, { spawnSync: refuse, execSync: refuse, execFileSync: refuse });
syncBuiltinESMExports();
