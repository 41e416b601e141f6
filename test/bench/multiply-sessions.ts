/**
 * Runs in opencode's own Bun: puts copies of the sessions of opencode's store beside them, until there are so many, and
 * their lines into its log. Each copy has ids and times of its own; all are of one directory, as `--all` means them.
 *
 *   BUN_BE_BUN=1 opencode multiply-sessions.ts <opencode's data folder> <how many> <directory>
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Row = Readonly<Record<string, string | number | null>>;
interface Statement {
  all(...values: readonly unknown[]): readonly Row[];
  run(...values: readonly unknown[]): void;
}
interface Store {
  query(sql: string): Statement;
  close(): void;
}

/** The copies lie so far apart, ms; the next one is always older. */
const APART_MS = 60_000;
const TABLES = ["session", "message", "part"] as const;
const TICKS_A_MS = 0x1000n;
const ID = /\b(?:ses|msg|prt)_[0-9a-f]{12}[0-9A-Za-z]{14}\b/g;
const MOMENT = /\b1[0-9]{12}\b/g;
const LOGGED_AT = /^timestamp=(\S+)/;
const RUN = /(?<= run=)[0-9a-f]+/;

// Bun alone has it, and the compiler does not know that.
const sqlite: string = "bun:sqlite";
const { Database } = await import(sqlite);
const [folder = "", count = "", directory = ""] = process.argv.slice(2);
const store: Store = new Database(join(folder, "opencode.db"));
const logPath = join(folder, "log", "opencode.log");
const log = readFileSync(logPath, "utf8").split("\n");

store.query("PRAGMA busy_timeout = 5000").all();
const recordedIn = store.query("SELECT DISTINCT directory FROM session").all();
store.query("UPDATE session SET directory = ?").run(directory);
const templates = store.query("SELECT id FROM session WHERE parent_id IS NULL ORDER BY id").all().map(treeOf);
const inserts = TABLES.map((table) => {
  const columns = store.query(`PRAGMA table_info(${table})`).all();
  return store.query(`INSERT INTO ${table} VALUES (${columns.map(() => "?").join(", ")})`);
});

store.query("BEGIN").all();
for (let copy = templates.length; copy < Number(count); copy += 1) {
  const template = templates[copy % templates.length];
  if (template) copyOf(template, copy);
}
store.query("COMMIT").all();
store.close();

interface Template {
  /** Of each table. */
  readonly rows: readonly (readonly Row[])[];
  readonly lines: readonly string[];
}

/** A session with those below it, and all that the log says of the processes that they were in. */
function treeOf({ id: root }: Row): Template {
  const ids = [root];
  for (const id of ids)
    ids.push(
      ...store
        .query("SELECT id FROM session WHERE parent_id = ?")
        .all(id)
        .map((row) => row.id),
    );
  const rows = TABLES.map((table) => {
    const column = table === "session" ? "id" : "session_id";
    return ids.flatMap((id) => store.query(`SELECT * FROM ${table} WHERE ${column} = ? ORDER BY id`).all(id));
  });
  const own = log.filter((line) => ids.some((id) => line.includes(String(id))));
  const runs = new Set(own.map((line) => RUN.exec(line)?.[0]));
  const lines = log.filter((line) => runs.has(RUN.exec(line)?.[0])).map(inDirectory);
  return { rows, lines };
}

function inDirectory(line: string): string {
  return recordedIn.reduce((text, row) => text.replaceAll(String(row.directory), directory), line);
}

function copyOf({ rows, lines }: Template, copy: number): void {
  const by = -copy * APART_MS;
  for (const [at, insert] of inserts.entries())
    for (const row of rows[at] ?? [])
      insert.run(...Object.values(row).map((value) => (value === null ? null : moved(value, copy, by))));
  const text = lines.map((line) => {
    const dated = line.replace(
      LOGGED_AT,
      (_, at: string) => `timestamp=${new Date(Date.parse(at) + by).toISOString()}`,
    );
    return `${withIds(dated.replace(RUN, copy.toString(16).padStart(8, "0")), copy)}\n`;
  });
  appendFileSync(logPath, text.join(""));
}

function moved(value: string | number, copy: number, by: number): string | number {
  if (typeof value === "number") return value > 1e12 ? value + by : value;
  return withIds(value, copy).replace(MOMENT, (moment) => String(Number(moment) + by));
}

/** Ids tell when they were made, those of sessions the other way round; looptrace would notice that they do not. */
function withIds(text: string, copy: number): string {
  const by = BigInt(-copy * APART_MS) * TICKS_A_MS;
  return text.replace(ID, (id) => {
    const made = BigInt.asUintN(48, BigInt(`0x${id.slice(4, 16)}`) + (id.startsWith("ses") ? -by : by));
    return `${id.slice(0, 4)}${made.toString(16).padStart(12, "0")}${id.slice(16, -6)}${String(copy).padStart(6, "0")}`;
  });
}
