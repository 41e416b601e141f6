import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";

/** Where opencode keeps its sessions on this machine. */
export interface StoreFiles {
  readonly folder: string;
  /** Whether a file of that folder holds sessions: the database and what SQLite keeps beside it. */
  readonly isOfStore: (name: string) => boolean;
}

/** opencode's own rules: `OPENCODE_DB` may name another database, by its path or within the data folder. */
export function opencodeStore(environment: Readonly<Record<string, string | undefined>>): StoreFiles {
  const data = environment.XDG_DATA_HOME || join(environment.HOME || homedir(), ".local", "share");
  const own = join(data, "opencode");
  const named = environment.OPENCODE_DB;
  const isFile = named !== undefined && named !== "" && named !== ":memory:";
  // Other channels of opencode than the stable one have databases called otherwise.
  if (!isFile) return { folder: own, isOfStore: (name) => /^opencode.*\.db(?:-wal)?$/.test(name) };
  const path = isAbsolute(named) ? named : join(own, named);
  const file = basename(path);
  return { folder: dirname(path), isOfStore: (name) => name === file || name === `${file}-wal` };
}
