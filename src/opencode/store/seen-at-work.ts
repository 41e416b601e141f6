import { readdirSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { sqliteLastRow } from "../../files/sqlite-table.js";
import { opencodeStore } from "../program/store-files.js";
import { type SessionEnd, saysAtWork } from "../server/list-sessions.js";

/** By which opencode 1.x itself finds a session's messages. */
const BY_TIME = "message_session_time_created_id_idx";

/**
 * Tells of sessions of 1.x that are at work by a few pages of opencode's database, without asking anything of opencode:
 * a question takes its server a hundred times as long. Nothing is locked or written, so that a moment may be missed:
 * only that a session is at work is told, and whoever trusts in it asks now and then all the same.
 *
 * @returns how the session ends at the moment of this call; undefined where it is not seen to be at work
 */
export function seenAtWork(
  environment: Readonly<Record<string, string | undefined>>,
): (id: string) => SessionEnd | undefined {
  let stores: readonly ReturnType<typeof sqliteLastRow>[] | undefined;
  return (id) => {
    stores ??= storesOf(environment);
    const messages = stores.map((lastOf) => lastOf(id)).filter((row) => row !== undefined);
    // A copy of a database has sessions as they were.
    if (!messages.every(({ data }) => saysAtWork(attempt((): unknown => JSON.parse(String(data)))))) return undefined;
    const messageId = messages[0]?.id;
    return typeof messageId === "string" ? { state: "at-work", messageId } : undefined;
  };
}

function storesOf(environment: Parameters<typeof opencodeStore>[0]): readonly ReturnType<typeof sqliteLastRow>[] {
  const { folder, isOfStore } = opencodeStore(environment);
  const names = attempt(() => readdirSync(folder)) ?? [];
  return names
    .filter((name) => isOfStore(name) && !name.endsWith("-wal"))
    .map((name) => sqliteLastRow(join(folder, name), "message", BY_TIME));
}
