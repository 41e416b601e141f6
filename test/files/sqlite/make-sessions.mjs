/**
 * Writes `sessions.db` and its log anew, as SQLite does: pages of 512 bytes, so that trees of 300 rows have branches; a
 * row that goes over several pages, a column that was added later, and a last change that is in the log alone.
 *
 *   npx --package=node@24 -- node test/files/sqlite/make-sessions.mjs
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("./", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "make-sessions-"));
const path = join(folder, "sessions.db");
const at = Date.parse("2026-01-01T12:00:00Z");
const idOf = (row) => `ses_${String((row * 7919) % 100_000).padStart(5, "0")}0000000abcdefghijklmn`;

const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
database.exec("PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
// So many that the list of tables has branches too.
for (let other = 0; other < 12; other += 1)
  database.exec(`CREATE TABLE other_${other} (id integer primary key, note text, amount numeric(10, 2))`);
database.exec(
  "CREATE TABLE `session` (`id` text PRIMARY KEY, `project_id` text NOT NULL, `permission` text, " +
    "`cost` real DEFAULT 0 NOT NULL, `kind` text CHECK (`kind` IN ('a', 'b')), `time_created` integer NOT NULL, " +
    "`time_updated` integer NOT NULL, `parent_id` text, CONSTRAINT `fk` FOREIGN KEY (`project_id`) REFERENCES `other_1`(`id`))",
);
database.exec("CREATE INDEX `of_project` on session (project_id)");
database.exec("CREATE INDEX `session_parent_idx` ON `session` (`parent_id`)");
const insert = database.prepare("INSERT INTO session VALUES (?, 'global', ?, ?, 'a', ?, ?, ?)");
// Of the first hundred none has a parent; the second hundred are the first row's, and each of the rest is one's alone.
const parentOf = (row) => (row < 100 ? null : idOf(row < 200 ? 0 : row - 100));
for (let row = 0; row < 300; row += 1)
  insert.run(
    idOf(row),
    row === 150 ? "x".repeat(3_000) : null,
    row / 4,
    at - 1_000 * row,
    at + 60_000 * (row % 3),
    parentOf(row),
  );
database.exec("ALTER TABLE session ADD COLUMN `time_archived` integer");
database.prepare("UPDATE session SET time_archived = 7 WHERE id = ?").run(idOf(1));
database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
database.prepare("UPDATE session SET time_updated = ? WHERE id = ?").run(at + 3_600_000, idOf(1));
// With the connection open: closing it would put the log into the database.
for (const name of ["sessions.db", "sessions.db-wal"]) copyFileSync(join(folder, name), join(here, name));
database.close();
rmSync(folder, { recursive: true });
