import type { SeenStore, StoredEntry, StoreServer } from "../opencode/server.js";

/** So long what a database tells is believed after the server has listed the same; any change renews the question. */
const AGREED_MS = 60_000;
/** So long how a session ends is believed by the database alone. */
const HEARD_MS = 300_000;
/** So many sessions are compared where none is asked for. */
const COMPARED = 5;

interface Agreed {
  readonly store: SeenStore;
  readonly at: number;
  /** The store's, before it was compared. */
  readonly mark: string;
}

/**
 * Takes from a database what that tells, and asks the server for the rest, and now and then for all: of the databases
 * that are there, the one counts that tells of the same sessions as the server. One that does not agree with it, or
 * cannot be read, counts for nothing, and so do all where more than one agrees. What a session holds the server alone
 * tells.
 *
 * @param stores tells which databases there are
 * @param clock ms
 * @returns for a server of that store, and each one that takes its place
 */
export function seenFirst(
  stores: () => readonly SeenStore[],
  clock: () => number = Date.now,
): (server: StoreServer) => StoreServer {
  let agreed: Agreed | undefined;
  const heardAt = new Map<string, number>();

  const isRecent = (at: number, longestMs: number): boolean => clock() >= at && clock() - at < longestMs;

  const compared = async (server: StoreServer, options: ListOptions): Promise<readonly StoredEntry[]> => {
    const at = clock();
    const known = stores().map((store) => ({ store, mark: store.mark(), before: store.list(0) ?? [] }));
    const listed = await server.list(options);
    const isSome = listed.length > 0;
    const shown = isSome ? listed : await server.list({ ...options, since: 0, limit: COMPARED });
    const isAll = shown.length < (isSome ? options.limit : COMPARED);
    const since = isAll ? (isSome ? options.since : 0) : (shown.at(-1)?.updated ?? 0) + 1;
    const agreeing = known.filter(({ store, before }) => {
      const after = store.list(0);
      return after && hasAll(after, shown) && hasAll(shown, from(before, since));
    });
    const [first, ...others] = agreeing;
    agreed = first && others.length === 0 ? { store: first.store, at, mark: first.mark } : undefined;
    return listed;
  };

  return (server) => ({
    list: async (options) => {
      for (const [id, at] of heardAt) if (!isRecent(at, 2 * HEARD_MS)) heardAt.delete(id);
      const isToBeBelieved = agreed && (isRecent(agreed.at, AGREED_MS) || agreed.store.mark() === agreed.mark);
      const seen = isToBeBelieved ? agreed?.store.list(options.since) : undefined;
      return seen ? seen.slice(0, options.limit) : await compared(server, options);
    },
    endOf: async (id, signal) => {
      const now = clock();
      const at = heardAt.get(id) ?? now;
      heardAt.set(id, at);
      const seen = isRecent(at, HEARD_MS) ? agreed?.store.endOf(id) : undefined;
      if (seen) return seen;
      const end = await server.endOf(id, signal);
      heardAt.set(id, now);
      return end;
    },
    read: (id, signal) => server.read(id, signal),
  });
}

type ListOptions = Parameters<StoreServer["list"]>[0];

function from(entries: readonly StoredEntry[], since: number): readonly StoredEntry[] {
  return entries.filter(({ updated }) => updated >= since);
}

/** Whether a list tells of all that another one has told, or of more that has happened since. */
function hasAll(later: readonly StoredEntry[], earlier: readonly StoredEntry[]): boolean {
  const known = new Map(later.map((entry) => [entry.id, entry]));
  return earlier.every(({ id, directory, updated }) => {
    const now = known.get(id);
    return now !== undefined && now.directory === directory && now.updated >= updated;
  });
}
