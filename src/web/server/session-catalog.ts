import { type StoredFiles, storedFiles } from "../../sessions/stored-files.js";
import type { ListChanges } from "../data/list-changes.js";
import type { ListedSession } from "../data/listed-session.js";
import { type KeptSource, type KeptSummary, summarizeKept } from "./summarize-kept.js";

/** Summaries of all kept sessions, in memory. */
export interface SessionCatalog {
  /** Looks for what is new, changed or gone; the sessions are then read one after the other, the newest first. */
  refresh(): Promise<void>;
  /** Rises with every change. */
  readonly revision: number;
  /** What has changed since a revision; since 0: all. */
  since(revision: number): ListChanges;
  /** Whether a session, or a subagent's, is kept. */
  has(id: string): boolean;
  /** Reads nothing more. */
  close(): void;
}

interface Entry {
  /** What the files were, the subagents' among them, before they were read; undefined for what was not kept. */
  readonly prints: ReadonlyMap<string, string | undefined>;
  readonly summary: KeptSummary;
}

/** @param onChange called after every change; often, while sessions are being read */
export function sessionCatalog(source: KeptSource, onChange: () => void): SessionCatalog {
  const entries = new Map<string, Entry>();
  const listed = new Map<string, { readonly session: ListedSession; readonly revision: number }>();
  const gone = new Map<string, number>();
  let files: ReadonlyMap<string, StoredFiles> = new Map();
  let queue: StoredFiles[] = [];
  let revision = 0;
  let isReading = false;
  let isClosed = false;

  const list = (id: string, session: ListedSession | undefined): void => {
    if (session) {
      listed.set(id, { session, revision: revision + 1 });
      gone.delete(id);
    } else if (listed.delete(id)) gone.set(id, revision + 1);
  };

  const changed = (): void => {
    revision += 1;
    onChange();
  };

  const isFresh = (id: string): boolean => {
    const prints = entries.get(id)?.prints ?? new Map([[id, undefined]]);
    return [...prints].every(([one, print]) => files.get(one)?.fingerprint === print);
  };

  /** A subagent's session stands in the one that it belongs to, unless that is not kept. */
  const isSubagent = ({ summary: { parentId, session } }: Entry): boolean =>
    parentId !== undefined && parentId !== session.id && files.has(parentId);

  const readOne = async (file: StoredFiles): Promise<void> => {
    const before = files;
    const summary = await summarizeKept(file, source);
    if (!summary) {
      entries.delete(file.id);
      list(file.id, undefined);
      return;
    }
    // Read before, compared later: what changed while it was read is read again.
    const ids = [file.id, ...summary.subagentIds];
    const prints = new Map(ids.map((id) => [id, before.get(id)?.fingerprint]));
    const entry = { prints, summary };
    entries.set(file.id, entry);
    list(file.id, isSubagent(entry) ? undefined : summary.session);
  };

  const read = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    for (let file = queue[0]; file && !isClosed; file = queue[0]) {
      await readOne(file);
      // Another look may have made another queue meanwhile.
      queue = queue.filter((one) => one.id !== file?.id || one.fingerprint !== file.fingerprint);
      changed();
      // Requests come first.
      await new Promise((resolve) => setImmediate(resolve));
    }
    isReading = false;
  };

  return {
    async refresh() {
      files = await storedFiles(source.paths);
      let isNews = false;
      for (const [id, entry] of entries) {
        if (files.has(id) && isSubagent(entry) !== listed.has(id)) continue;
        isNews = true;
        list(id, files.has(id) && !isSubagent(entry) ? entry.summary.session : undefined);
        if (!files.has(id)) entries.delete(id);
      }
      const before = queue.length;
      queue = [...files.values()].filter(({ id }) => !isFresh(id)).sort((a, b) => b.storedAt - a.storedAt);
      if (isNews || queue.length !== before) changed();
      void read();
    },
    get revision() {
      return revision;
    },
    since: (from) => ({
      whole: from === 0,
      sessions: [...listed.values()].filter((one) => one.revision > from).map(({ session }) => session),
      gone: from === 0 ? [] : [...gone].filter(([, when]) => when > from).map(([id]) => id),
      pending: queue.length,
    }),
    has: (id) => files.has(id),
    close() {
      isClosed = true;
    },
  };
}
