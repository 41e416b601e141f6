/**
 * Writes `store.db` and its log anew, as opencode has its sessions: 40 in pages of 512 bytes, of which the 7th is
 * another's and the 8th is archived; in the log alone the 9th was updated, and a 41st was begun, each in a commit of its
 * own. The first four end with a message of a person's: of two parts, of none, of one that only people are shown, and of
 * one that they are shown beside another one.
 *
 *   npx --package=node@24 -- node test/files/sqlite/make-store.mjs
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("./", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "make-store-"));
const at = Date.parse("2026-01-01T12:00:00Z");
const database = new DatabaseSync(join(folder, "store.db"));
database.exec("PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
database.exec(
  "CREATE TABLE `session` (`id` text PRIMARY KEY, `parent_id` text, `directory` text NOT NULL, `title` text NOT NULL, " +
    "`cost` real DEFAULT 0 NOT NULL, `time_updated` integer NOT NULL, `time_archived` integer)",
);
const insert = database.prepare("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?)");
const insertOne = (row, updated) =>
  insert.run(
    `ses_${row}`,
    row === 7 ? "ses_6" : null,
    `/project/${row % 3}`,
    // One goes over several pages.
    "title ".repeat(row === 20 ? 400 : 3),
    row / 4,
    updated,
    row === 8 ? at : null,
  );
for (let row = 1; row <= 40; row += 1) insertOne(row, at + 1_000 * row);
database.exec(
  "CREATE TABLE `message` (`id` text PRIMARY KEY, `session_id` text NOT NULL, `time_created` integer NOT NULL, " +
    "`data` text NOT NULL); " +
    "CREATE INDEX `message_session_time_created_id_idx` ON `message` (`session_id`,`time_created`,`id`); " +
    "CREATE TABLE `part` (`id` text PRIMARY KEY, `message_id` text NOT NULL, `session_id` text NOT NULL, " +
    "`data` text NOT NULL); " +
    "CREATE INDEX `part_message_id_id_idx` ON `part` (`message_id`,`id`)",
);
const [text, notice] = [
  { type: "text", text: "Go." },
  { type: "text", text: "Look!", ignored: true },
];
for (const [index, parts] of [[text, text], [], [notice], [notice, text]].entries()) {
  const [row, created] = [index + 1, at + index + 1];
  const message = { role: "user", time: { created } };
  const [messageId, sessionId] = [`msg_${row}`, `ses_${row}`];
  database
    .prepare("INSERT INTO message VALUES (?, ?, ?, ?)")
    .run(messageId, sessionId, created, JSON.stringify(message));
  for (const [place, part] of parts.entries())
    database
      .prepare("INSERT INTO part VALUES (?, ?, ?, ?)")
      .run(`prt_${row}_${place}`, messageId, sessionId, JSON.stringify(part));
}
database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
database.prepare("UPDATE session SET time_updated = ? WHERE id = 'ses_9'").run(at + 3_600_000);
insertOne(41, at + 3_500_000);
// With the connection open: closing it would put the log into the database.
for (const name of ["store.db", "store.db-wal"]) copyFileSync(join(folder, name), join(here, name));
database.close();
rmSync(folder, { recursive: true });
