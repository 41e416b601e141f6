/** Adds one to the number in a file so many times, under a lock: `count-under-lock.ts <path> <times>`. */
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { lockFile } from "../../src/files/file-lock.js";

const [path = "", times] = process.argv.slice(2);
for (let left = Number(times); left > 0; ) {
  const lock = await lockFile(path);
  if (lock) {
    const before = Number(await readFile(path, "utf8"));
    // Another process that is here as well reads the same number.
    await pause(1);
    await writeFile(path, String(before + 1));
    await lock.release();
    left -= 1;
  }
  // Each process has a rhythm of its own.
  await pause((process.pid + 3 * left) % 5);
}
