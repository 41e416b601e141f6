import { Catalog } from "../catalog/catalog.js";
import type { LoadOptions } from "../sessions/load-options.js";
import { count, plural } from "../text/format.js";
import { changingLine } from "./changing-line.js";
import { notesTo } from "./notes.js";
import type { Terminal } from "./terminal.js";

/** Fewer are read before a line about it could be read. */
const WORTH_A_LINE = 20;

/** What a terminal was told: a command that looks at the kept sessions twice has them read twice on a full disk. */
const toldTo = new WeakMap<Terminal, Set<string>>();

/** @returns whether it is news there; it is none any more */
function isNews(terminal: Terminal, told: string): boolean {
  const before = toldTo.get(terminal) ?? new Set();
  toldTo.set(terminal, before);
  return !before.has(told) && before.add(told).size > 0;
}

/**
 * Opens the index of the kept sessions, brought up to date, and closes it when the work with it is done. Reading many
 * sessions for the first time is told on stderr.
 *
 * @param work is told how many sessions are not read yet, which are none without a signal
 * @param signal ends reading early; the newest are read first
 * @throws {ConfigurationError} when looptrace's folders are not to be trusted, or cannot be read
 */
export async function withKept<T>(
  { paths, masking = {} }: Pick<LoadOptions, "paths" | "masking">,
  terminal: Terminal,
  work: (catalog: Catalog, unread: number) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let [done, total] = [0, 0];
  let line: ReturnType<typeof changingLine> | undefined;
  const onProgress = (now: number, all: number): void => {
    [done, total] = [now, all];
    if (all < WORTH_A_LINE || line) return;
    const text = `reading ${plural(all, "kept session")} for the first time`;
    if (terminal.errIsTty)
      line = changingLine(
        terminal,
        () => `${text}: ${count(done)} of ${count(total)} (once; Ctrl-C keeps what is done)`,
      );
    else if (now === 0 && isNews(terminal, "reading")) terminal.err(`looptrace: ${text}\n`);
  };
  const tell = notesTo(terminal);
  const catalog = await Catalog.open({
    paths,
    masking,
    environment: terminal.env,
    onProgress,
    onNote: (note) => {
      if (isNews(terminal, note)) tell(note);
    },
    signal,
  });
  try {
    try {
      await catalog.refresh();
    } finally {
      line?.stop();
    }
    return await work(catalog, total - done);
  } finally {
    await catalog.close();
  }
}
