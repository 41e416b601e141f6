/**
 * Writes `messages.db` and its log anew, as SQLite does: pages of 512 bytes, so that the index of 60 sessions with up to
 * 12 messages has branches; the last message of the second session is in the log alone.
 *
 *   npx --package=node@24 -- node test/files/sqlite/make-messages.mjs
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("./", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "make-messages-"));
const path = join(folder, "messages.db");
const at = Date.parse("2026-01-01T12:00:00Z");
const idOf = (row) => `ses_${String((row * 7919) % 100_000).padStart(5, "0")}`;

const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
database.exec("PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
database.exec(
  "CREATE TABLE `message` (`id` text PRIMARY KEY, `session_id` text NOT NULL, `time_created` integer NOT NULL, " +
    "`data` text NOT NULL)",
);
database.exec("CREATE INDEX `message_session_time_created_id_idx` ON `message` (`session_id`,`time_created`,`id`)");
const insert = database.prepare("INSERT INTO message VALUES (?, ?, ?, ?)");
const insertOne = (session, message) =>
  insert.run(
    `msg_${session}_${message}`,
    idOf(session),
    at + message,
    JSON.stringify({
      role: message % 2 === 0 ? "user" : "assistant",
      time: { created: at + message, ...(message === 5 && { completed: at + 9 }) },
      finish: "stop",
    }),
  );
// The sessions take turns, the last messages first: neither the rows nor the ids are in the order of the index.
for (let message = 11; message >= 0; message -= 1)
  for (let session = 0; session < 60; session += 1) if (message <= session % 12) insertOne(session, message);
database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
insertOne(1, 12);
// With the connection open: closing it would put the log into the database.
for (const name of ["messages.db", "messages.db-wal"]) copyFileSync(join(folder, name), join(here, name));
database.close();
rmSync(folder, { recursive: true });
