/**
 * Runs in opencode's own Bun, and says what is in opencode's store: what `opencode export <id>`,
 * `opencode session list --format=json` and `opencode db <query> --format json` print, byte for byte. For each of them
 * opencode itself starts whole, which takes it fifty times as long.
 *
 * Its arguments are opencode's. What it knows nothing of it leaves to opencode: its exit code says so.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";

type Row = Readonly<Record<string, unknown>>;
interface Store {
  query(sql: string): { all(...values: readonly unknown[]): readonly Row[] };
}

/** Of the exit code: opencode is to be asked. */
const ASK_OPENCODE = 9;
const [command, ...rest] = process.argv.slice(2);
// Bun alone has it, and the compiler does not know that.
const sqlite: string = "bun:sqlite";
const { Database } = await import(sqlite);
const file = join(process.env.XDG_DATA_HOME ?? "", "opencode", "opencode.db");
// There is none before opencode's first start.
if (!existsSync(file)) process.exit(ASK_OPENCODE);
const store: Store = new Database(file, { readonly: true });
const rows = (sql: string, ...values: readonly unknown[]): readonly Row[] => store.query(sql).all(...values);

const said = tryToAnswer();
if (said === undefined) process.exit(ASK_OPENCODE);
await new Promise((written) => process.stdout.write(said, written));

/** An opencode that just closes the store, or opens it, can have it to itself for a moment. */
function tryToAnswer(): string | undefined {
  try {
    rows("PRAGMA busy_timeout = 5000");
    return answer();
  } catch {
    return undefined;
  }
}

function answer(): string | undefined {
  const [first = "", ...options] = rest;
  if (command === "export" && rest.length === 1) return exported(first);
  if (command === "db" && options.join(" ") === "--format json") return printed(rows(first));
  if (command === "session" && first === "list" && options.includes("--format=json")) return listed(options);
  return undefined;
}

function printed(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function listed(options: readonly string[]): string {
  const most = options.find((option) => option.startsWith("--max-count="))?.slice("--max-count=".length) ?? 100;
  // opencode believes `PWD` more than its real working directory. These are all that it lists outside of git.
  const sessions = rows(
    `SELECT id, title, time_updated AS updated, time_created AS created, project_id AS projectId, directory
     FROM session WHERE parent_id IS NULL AND directory = ? ORDER BY time_updated DESC LIMIT ?`,
    ...[process.env.PWD ?? process.cwd(), Number(most)],
  );
  return sessions.length > 0 ? printed(sessions) : "";
}

function exported(sessionID: string): string {
  const [session] = rows("SELECT * FROM session WHERE id = ?", sessionID);
  if (!session) {
    process.stderr.write(`Error: Session not found: ${sessionID}\n`);
    process.exit(1);
  }
  const parts = Map.groupBy(
    rows("SELECT * FROM part WHERE session_id = ? ORDER BY id", sessionID),
    (row) => row.message_id,
  );
  const messages = rows("SELECT * FROM message WHERE session_id = ? ORDER BY time_created, id", sessionID);
  return printed({
    info: infoOf(session),
    messages: messages.map(({ id, data }) => ({
      info: { ...fields(data), id, sessionID },
      parts: (parts.get(id) ?? []).map((part) => ({ ...fields(part.data), id: part.id, sessionID, messageID: id })),
    })),
  });
}

function infoOf(row: Row): object {
  const { summary_additions: additions, summary_deletions: deletions, summary_files: files } = row;
  const hasSummary = [additions, deletions, files].some((count) => count !== null);
  return {
    ...{ id: row.id, slug: row.slug, projectID: row.project_id, workspaceID: known(row.workspace_id) },
    ...{ directory: row.directory, path: known(row.path), parentID: known(row.parent_id), title: row.title },
    ...{ agent: known(row.agent), model: fields(row.model), version: row.version },
    summary: hasSummary
      ? { additions: additions ?? 0, deletions: deletions ?? 0, files: files ?? 0, diffs: fields(row.summary_diffs) }
      : undefined,
    cost: row.cost,
    tokens: {
      ...{ input: row.tokens_input, output: row.tokens_output, reasoning: row.tokens_reasoning },
      cache: { read: row.tokens_cache_read, write: row.tokens_cache_write },
    },
    ...{ share: row.share_url ? { url: row.share_url } : undefined, metadata: fields(row.metadata) },
    ...{ revert: fields(row.revert), permission: fields(row.permission) },
    time: {
      ...{ created: row.time_created, updated: row.time_updated },
      ...{ compacting: known(row.time_compacting), archived: known(row.time_archived) },
    },
  };
}

function known(value: unknown): unknown {
  return value ?? undefined;
}

function fields(json: unknown): object | undefined {
  return typeof json === "string" ? JSON.parse(json) : undefined;
}
