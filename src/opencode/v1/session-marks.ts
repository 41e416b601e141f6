import type { LoggedMark } from "../read/log-marks.js";

/** The marks of the log that are about one session, by kind; ascending in time. */
export interface SessionMarks {
  readonly of: (kind: LoggedMark["kind"]) => readonly LoggedMark[];
  /** Whether the first iteration of any loop that its process has run began then, ms since the epoch. */
  readonly isFirstLoop: (at: number) => boolean;
}

/**
 * Picks a session's marks out of those of a log: its own, those of its directory, and what its processes tell of
 * themselves.
 */
export function marksBySession(
  marks: readonly LoggedMark[],
): (session: { readonly id: string; readonly directory: string }) => SessionMarks {
  if (marks.length === 0) return () => UNMARKED;
  const processes = new Map<string, Set<string>>();
  const firstLoops = new Map<string, number>();
  const own = new Map<string, LoggedMark[]>();
  const shared = new Map<string, LoggedMark[]>();
  for (const mark of marks) {
    const { kind, at, process, sessionId } = mark;
    if (kind === "loop") firstLoops.set(process, Math.min(at, firstLoops.get(process) ?? at));
    if (sessionId === undefined) pushTo(shared, process, mark);
    else {
      pushTo(own, sessionId, mark);
      processes.set(sessionId, (processes.get(sessionId) ?? new Set()).add(process));
    }
  }
  return ({ id, directory }) => {
    const its = processes.get(id) ?? new Set();
    const ofProcesses = [...its].flatMap((process) => shared.get(process) ?? []);
    // Snapshots are told by their names.
    const isAbout = (mark: LoggedMark): boolean =>
      mark.directory === undefined || mark.kind === "snapshot" || mark.directory === directory;
    const byKind = new Map<LoggedMark["kind"], LoggedMark[]>();
    for (const mark of [...(own.get(id) ?? []), ...ofProcesses.filter(isAbout)]) pushTo(byKind, mark.kind, mark);
    for (const some of byKind.values()) some.sort((a, b) => a.at - b.at);
    const firsts = new Set([...its].flatMap((process) => firstLoops.get(process) ?? []));
    return { of: (kind) => byKind.get(kind) ?? NO_MARKS, isFirstLoop: (at) => firsts.has(at) };
  };
}

const NO_MARKS: readonly LoggedMark[] = [];

/** Most sessions are read without a log. */
const UNMARKED: SessionMarks = { of: () => NO_MARKS, isFirstLoop: () => false };

function pushTo<Key>(lists: Map<Key, LoggedMark[]>, key: Key, mark: LoggedMark): void {
  const list = lists.get(key);
  if (list) list.push(mark);
  else lists.set(key, [mark]);
}
