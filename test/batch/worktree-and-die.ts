/** Makes a worktree and is killed: `worktree-and-die.ts <directory> <home>`. */
import { makeWorktree } from "../../src/batch/worktree.js";
import { storePathsAt } from "../../src/files/store-paths.js";

const [directory = "", home = ""] = process.argv.slice(2);
await makeWorktree({ directory, ref: "HEAD" }, storePathsAt(home));
process.kill(process.pid, "SIGKILL");
