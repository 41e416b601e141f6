import { readdirSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../errors/thrown.js";
import { sqliteKeysWith, sqliteTable } from "../files/sqlite-table.js";
import { findOpenCode, opencodeStore } from "../opencode/program.js";
import { once } from "../text/lazy.js";
import type { LoadOptions } from "./load-options.js";

/** opencode gives a session its title, and writes on for a while, after what it was asked has been read from it. */
const SLACK_MS = 10_000;

export const KEPT_NOTE = "shown as kept; opencode has changed it since, --fresh asks anew";

/** What opencode said of a session when it was kept. */
export interface KeptMoment {
  readonly id: string;
  /** When opencode had changed the session last, ms since the epoch. */
  readonly updated: number;
}

/**
 * Tells of sessions whether opencode has changed them since they were kept, so that turns may be missing: it is there
 * to ask, and its store has a later moment for that very session. Nothing is started or written, and of the store a few
 * pages are read for a session, however large it is. Which files there are is looked at once.
 *
 * @returns false too where the store cannot be read
 */
export function changedSince({
  opencode,
  directory,
  environment,
}: Pick<LoadOptions, "opencode" | "directory" | "environment">): (kept: KeptMoment) => boolean {
  let stores: readonly ReturnType<typeof sqliteTable>[] | undefined;
  let isThere: boolean | undefined;
  return ({ id, updated }) => {
    stores ??= storesOf(environment);
    const isLater = (at: unknown): boolean => typeof at === "number" && at > updated + SLACK_MS;
    if (!stores.some((value) => isLater(value(id, "time_updated")))) return false;
    isThere ??= attempt(() => findOpenCode({ explicit: opencode, directory, environment })) !== undefined;
    return isThere;
  };
}

/** What opencode's store says of sessions, also of those of subagents, looked up in the same way. */
export interface StoreFacts {
  /** When a session was changed last, ms since the epoch; undefined where that cannot be told. */
  momentOf(id: string): number | undefined;
  /** The sessions right below one, a plugin's among them; undefined where that cannot be told. */
  childrenOf(id: string): readonly string[] | undefined;
}

/** @returns looks when it is asked first which databases there are */
export function factsInStore(environment: LoadOptions["environment"]): StoreFacts {
  const stores = once(() => storesOf(environment));
  const below = once(() =>
    databasesOf(environment).map((path) => sqliteKeysWith(path, { table: TABLE, key: "id", column: "parent_id" })),
  );
  return {
    momentOf(id) {
      const moments = stores()
        .map((value) => value(id, "time_updated"))
        .filter((at) => typeof at === "number");
      return moments.length === 0 ? undefined : Math.max(...moments);
    },
    childrenOf(id) {
      const known = below().flatMap((childrenOf) => childrenOf(id) ?? []);
      return known.length === 0 ? undefined : known;
    },
  };
}

const TABLE = "session";

function storesOf(environment: LoadOptions["environment"]): readonly ReturnType<typeof sqliteTable>[] {
  return databasesOf(environment).map((path) => sqliteTable(path, TABLE));
}

function databasesOf(environment: LoadOptions["environment"]): readonly string[] {
  const { folder, isOfStore } = opencodeStore(environment);
  const names = attempt(() => readdirSync(folder)) ?? [];
  return names.filter((name) => isOfStore(name) && !name.endsWith("-wal")).map((name) => join(folder, name));
}
