import { readdirSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { FollowedSqlite, type SqliteMoment } from "../../files/followed-sqlite.js";
import { SqliteRows } from "../../files/sqlite-rows.js";
import { lastRowIdOf, rowOf, type Schema, schemaOf, valuesOf } from "../../files/sqlite-tree.js";
import { opencodeStore } from "../program/store-files.js";
import { endAfter, type SessionEnd } from "../server/list-sessions.js";
import type { StoredEntry } from "./store-server.js";

/** What opencode 1.x has in a database, as far as that can be told without asking opencode. */
export interface SeenStore {
  /** Changes whenever something was written. */
  mark(): string;
  /** As `StoreServer.list`, all of them; undefined where that cannot be told. */
  list(since: number): readonly StoredEntry[] | undefined;
  /** As `StoreServer.endOf`; undefined where that cannot be told, as of a session that ends with a prompt. */
  endOf(id: string): SessionEnd | undefined;
}

/** By which opencode 1.x itself finds a session's messages. */
const BY_TIME = "message_session_time_created_id_idx";
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
  #messages: { readonly of: string; readonly schema: Schema | undefined } | undefined;

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
    const valueIn = this.#database.look((moment) => {
      const schema = this.#messagesIn(moment);
      if (!schema) return undefined;
      const rowId = lastRowIdOf(moment, schema.index, Buffer.from(id));
      const row = rowId === undefined ? undefined : rowOf(moment, schema.root, rowId);
      if (!row) return undefined;
      const values = valuesOf(row);
      return (name: string) => values[schema.columns.indexOf(name)];
    });
    if (!valueIn) return undefined;
    const [messageId, sessionId, data] = ["id", "session_id", "data"].map(valueIn);
    if (typeof messageId !== "string" || sessionId !== id || typeof data !== "string") return undefined;
    return endAfter(
      attempt((): unknown => JSON.parse(data)),
      messageId,
    );
  }

  #messagesIn(moment: SqliteMoment): Schema | undefined {
    const of = `${moment.name} ${moment.schemaMark}`;
    if (this.#messages?.of !== of) this.#messages = { of, schema: schemaOf(moment, "message", BY_TIME) };
    return this.#messages.schema;
  }
}
