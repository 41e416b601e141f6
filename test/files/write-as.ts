/** Writes a file into the outbox of a store as another user: `write-as.ts <uid> <root>`; only root can. */
import { join } from "node:path";
import { ensurePrivateFolder, writeWhole } from "../../src/files/private-files.js";
import { storePathsAt } from "../../src/files/store-paths.js";

const [uid, root = ""] = process.argv.slice(2);
const { outbox } = storePathsAt(root);
// The sources are loaded by now: this user may not be able to read them.
process.setgroups?.([]);
process.setegid?.(Number(uid));
process.seteuid?.(Number(uid));
await ensurePrivateFolder(root, outbox);
await writeWhole(join(outbox, "file"), "whole");
