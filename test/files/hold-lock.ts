/** Locks a file, says so, and keeps it for as long as it lives: `hold-lock.ts <path>`. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { lockFile } from "../../src/files/file-lock.js";

const [path = ""] = process.argv.slice(2);
await mkdir(dirname(path), { recursive: true, mode: 0o700 });
console.log((await lockFile(path)) ? "held" : "taken");
setInterval(() => {}, 1000);
