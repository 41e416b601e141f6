import { Catalog, type CatalogOptions, type CatalogSession } from "../../catalog/catalog.js";
import { maskFor } from "../../masking/mask.js";
import type { ListChanges } from "../data/list-changes.js";
import { listedSession } from "../data/list-session.js";
import type { ListedSession } from "../data/listed-session.js";
import type { KeptSource } from "./kept-source.js";

export interface KeptListOptions extends KeptSource, Pick<CatalogOptions, "environment" | "onNote"> {
  /** Told of what went wrong while sessions were taken from the index. */
  readonly onProblem: (error: unknown) => void;
}

/** All kept sessions as the list shows them, out of the index of them. */
export interface KeptList {
  /** Looks for what is new, changed or gone, and is done when it is read. What is read is told of meanwhile. */
  refresh(): Promise<void>;
  /** Rises with every change. */
  readonly revision: number;
  /** What has changed since a revision; since 0: all. */
  since(revision: number): ListChanges;
  /**
   * In which sessions words occur.
   *
   * @returns for each of the texts the sessions' ids; null where it holds no word
   */
  search(texts: readonly string[]): Promise<readonly (readonly string[] | null)[]>;
  /** Reads nothing more. */
  close(): Promise<void>;
}

interface Listed {
  readonly session: ListedSession;
  readonly revision: number;
  /** What of the index it was made from. */
  readonly from: unknown;
}

/** So soon what is read is there to be seen, ms. */
const WRITE_EVERY_MS = 500;
/** So many sessions are listed at once. */
const SLICE = 20;

/**
 * @param onChange called after every change; often, while sessions are being read
 * @throws {ConfigurationError} when others may have put something into looptrace's folders
 */
export async function keptList(options: KeptListOptions, onChange: () => void): Promise<KeptList> {
  const { paths, masking, prices = [], environment, onNote, onProblem } = options;
  const listed = new Map<string, Listed>();
  const gone = new Map<string, number>();
  const ending = new AbortController();
  let revision = 0;
  let pending: number | null = null;
  let refreshing: Promise<void> | undefined;
  let taking: Promise<void> = Promise.resolve();

  const changed = (): void => {
    revision += 1;
    onChange();
  };

  const setPending = (count: number): void => {
    if (pending === count) return;
    pending = count;
    changed();
  };

  /** Lists some sessions, masked together: that is much less work than one by one. */
  const list = async (some: readonly Omit<Listed, "revision">[]): Promise<void> => {
    const sessions = some.map(({ session }) => session);
    const shown = (await maskFor([sessions], masking))(sessions);
    for (const [index, session] of shown.entries()) {
      const before = listed.get(session.id);
      const isSame = before && JSON.stringify(before.session) === JSON.stringify(session);
      const since = isSame ? before.revision : revision + 1;
      listed.set(session.id, { session, revision: since, from: some[index]?.from });
      gone.delete(session.id);
    }
    if (some.length > 0) changed();
  };

  /** Takes what the index has and is not listed yet. */
  const take = async (): Promise<void> => {
    const news = new Map<string, CatalogSession>();
    for (const one of catalog.sessions()) if (listed.get(one.id)?.from !== sourceOf(one)) news.set(one.id, one);
    if (news.size === 0) return;
    let slice: Omit<Listed, "revision">[] = [];
    for (const one of news.values()) {
      if (one.kind === "session") continue;
      const { kind, id, storedAt: at, reason } = one;
      slice.push({ session: { kind, id, at, reason }, from: sourceOf(one) });
    }
    await catalog.eachFacts(new Set(news.keys()), async (id, facts) => {
      slice.push({ session: listedSession(id, facts, prices), from: sourceOf(news.get(id)) });
      if (slice.length < SLICE) return;
      await list(slice);
      slice = [];
      // Requests come first.
      await new Promise((resolve) => setImmediate(resolve));
    });
    await list(slice);
  };

  /** One after the other. */
  const takeInTurn = (): Promise<void> => {
    taking = taking.then(take).catch(onProblem);
    return taking;
  };

  const catalog = await Catalog.open({
    ...{ paths, masking, environment, onNote, signal: ending.signal, writeEveryMs: WRITE_EVERY_MS },
    onProgress: (done, total) => {
      // All are listed only when they are taken too.
      if (done < total) setPending(total - done);
    },
    onMore: takeInTurn,
  });
  void takeInTurn();

  const refresh = async (): Promise<void> => {
    try {
      await catalog.refresh();
      await takeInTurn();
      // Before, what has changed was missing as long as it was not read again.
      const kept = new Set(catalog.sessions().map(({ id }) => id));
      const lost = [...listed.keys()].filter((id) => !ending.signal.aborted && !kept.has(id));
      for (const id of lost) {
        listed.delete(id);
        gone.set(id, revision + 1);
      }
      if (lost.length > 0) changed();
    } finally {
      setPending(0);
    }
  };

  return {
    async refresh() {
      if (ending.signal.aborted) return;
      refreshing ??= refresh().finally(() => {
        refreshing = undefined;
      });
      await refreshing;
    },
    get revision() {
      return revision;
    },
    since: (from) => ({
      whole: from === 0,
      sessions: [...listed.values()].filter((one) => one.revision > from).map(({ session }) => session),
      gone: from === 0 ? [] : [...gone].filter(([, when]) => when > from).map(([id]) => id),
      pending,
    }),
    async search(texts) {
      const answers: (readonly string[] | null)[] = [];
      for (const text of texts) {
        const found = await catalog.search(text);
        answers.push(found ? [...found] : null);
      }
      return answers;
    },
    async close() {
      ending.abort();
      await catalog.close();
    },
  };
}

/** The same for as long as the index has the session unchanged. */
function sourceOf(session: CatalogSession | undefined): unknown {
  return session?.kind === "unreadable" ? `${session.storedAt} ${session.reason}` : session?.row;
}
