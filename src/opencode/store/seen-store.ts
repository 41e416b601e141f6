import { readdirSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { FollowedSqlite, type SqliteMoment } from "../../files/followed-sqlite.js";
import { SqliteRows } from "../../files/sqlite-rows.js";
import { lastRowIdOf, rowIdsOf, rowOf, type Schema, schemaOf } from "../../files/sqlite-tree.js";
import { fieldsOf } from "../../text/json-fields.js";
import { opencodeStore } from "../program/store-files.js";
import { EMPTY, endAfter, type SessionEnd } from "../server/list-sessions.js";
import type { StoredEntry } from "./store-server.js";

/** What opencode 1.x has in a database, as far as that can be told without asking opencode. */
export interface SeenStore {
  /** As `FollowedSqlite.mark`. */
  mark(): string;
  /** As `StoreServer.list`, all of them; undefined where that cannot be told. */
  list(since: number): readonly StoredEntry[] | undefined;
  /** As `StoreServer.endOf`; undefined where that cannot be told, as of a session that ends with a notice. */
  endOf(id: string): SessionEnd | undefined;
}

/** By which opencode 1.x itself finds a session's messages. */
const BY_TIME = "message_session_time_created_id_idx";
const BY_MESSAGE = "part_message_id_id_idx";
const COLUMNS = ["id", "parent_id", "directory", "time_updated", "time_archived"] as const;

/**
 * Looks into databases that may be opencode's by a few of their pages, without asking anything of opencode: a question
 * takes its server a hundred times as long. Nothing is locked or written.
 *
 * @returns tells which there are; the same one again as long as it is there
 */
export function seenStores(environment: Readonly<Record<string, string | undefined>>): () => readonly SeenStore[] {
  const { folder, isOfStore } = opencodeStore(environment);
  const known = new Map<string, SeenStore>();
  return () => {
    const names = (attempt(() => readdirSync(folder)) ?? []).filter(
      (name) => isOfStore(name) && !name.endsWith("-wal"),
    );
    for (const name of known.keys()) if (!names.includes(name)) known.delete(name);
    for (const name of names) if (!known.has(name)) known.set(name, new SeenDatabase(join(folder, name)));
    return [...known.values()];
  };
}

class SeenDatabase implements SeenStore {
  readonly #database: FollowedSqlite;
  readonly #sessions = new SqliteRows("session", COLUMNS);
  readonly #schemas = new Map<string, Schema>();
  #schemasOf = "";

  constructor(path: string) {
    this.#database = new FollowedSqlite(path);
  }

  mark(): string {
    return this.#database.mark();
  }

  list(since: number): readonly StoredEntry[] | undefined {
    const rows = this.#database.look((moment) => this.#sessions.in(moment));
    if (!rows) return undefined;
    const entries: StoredEntry[] = [];
    for (const [id, parent, directory, updated, archived] of rows) {
      // Its types are the database's own to choose; what is otherwise is no session as opencode 1.x has them.
      if (typeof id !== "string" || typeof directory !== "string" || typeof updated !== "number") return undefined;
      if (parent === null && archived === null && updated >= since) entries.push({ id, directory, updated });
    }
    return entries.sort((a, b) => b.updated - a.updated);
  }

  endOf(id: string): SessionEnd | undefined {
    const last = this.#database.look((moment) => {
      const messages = this.#schemaIn(moment, "message", BY_TIME);
      const rowId = lastRowIdOf(moment, messages.index, Buffer.from(id));
      if (rowId === undefined) return "none";
      const message = objectIn(moment, messages, rowId);
      if (message.sessionId !== id) throw new Error("another session's");
      if (message.role !== "user") return { info: message, parts: [] };
      const parts = this.#schemaIn(moment, "part", BY_MESSAGE);
      const of = rowIdsOf(moment, parts.index, Buffer.from(String(message.id)));
      return { info: message, parts: of.map((part) => objectIn(moment, parts, part)) };
    });
    return last === "none" ? EMPTY : endAfter(last);
  }

  #schemaIn(moment: SqliteMoment, table: string, index: string): Schema {
    const of = `${moment.name} ${moment.schemaMark}`;
    if (this.#schemasOf !== of) this.#schemas.clear();
    this.#schemasOf = of;
    const schema = this.#schemas.get(table) ?? schemaOf(moment, table, index);
    if (!schema) throw new Error(`no such table as ${table}`);
    this.#schemas.set(table, schema);
    return schema;
  }
}

/** A message or a part: JSON, but for what has a column of its own. */
function objectIn(moment: SqliteMoment, { root, columns }: Schema, rowId: number): Readonly<Record<string, unknown>> {
  const wanted = ["id", "session_id", "data"].map((name) => columns.indexOf(name));
  const row = rowOf(moment, root, rowId, wanted);
  if (!row) throw new Error("no such row");
  const [id, sessionId, data] = row;
  return { ...fieldsOf(JSON.parse(String(data))), id, sessionId };
}
