import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { type SessionFacts, sessionFacts, withHeads } from "../analysis/session-facts.js";
import { codeOf, messageOf } from "../errors/thrown.js";
import type { StorePaths } from "../files/store-paths.js";
import type { GitHistories } from "../git/git-histories.js";
import { type Masking, maskFor } from "../masking/mask.js";
import { loadStored } from "../sessions/load-stored.js";
import { assembleFound } from "../sessions/loaded-session.js";
import { storedExport } from "../sessions/session-store.js";
import type { NamesOf } from "../sessions/store-files.js";
import type { StoredFiles } from "../sessions/stored-files.js";
import { traceSession } from "../trace/trace-session.js";
import type { CatalogEntry } from "./entry.js";
import { sessionRow } from "./session-row.js";
import { eachText } from "./trace-texts.js";
import { addWords } from "./words.js";

/** What is kept, where, and what is masked in it. */
export interface KeptSource {
  readonly paths: StorePaths;
  readonly masking: Masking;
  /** Tells what directories stood on when turns began, where the runs do not. */
  readonly histories?: GitHistories | undefined;
}

/** What the catalog takes from one kept file of a session. */
export interface ReadKept {
  readonly entry: CatalogEntry;
  readonly facts: SessionFacts | null;
  readonly words: ReadonlySet<string>;
}

/** The files of all sessions, as they were looked at last, with their prints. */
export type KeptFiles = ReadonlyMap<string, StoredFiles & { readonly print: string }>;

/** The print of an entry that a passing error left: no file has it, so that it is read again the next time. */
export const NO_PRINT = "";
/** More of a reason is not read in a list. */
const MOST_REASON = 500;
/** Why a session that was only begun has nothing to show. */
export const NO_PROMPT = "It holds no prompt yet.";
const NO_WORDS: ReadonlySet<string> = new Set();

/** Tells files apart as their fingerprint does, in less room. @param owners what is noted of who drives its turns */
export function printOf(fingerprint: string, owners: readonly string[]): string {
  return createHash("sha256")
    .update([fingerprint, ...owners].join("\n"))
    .digest("base64url")
    .slice(0, 22);
}

/**
 * Reads a kept session for the catalog. One that cannot be read becomes an entry that says why.
 *
 * @returns undefined when it is not kept any more
 */
export async function readKept(id: string, files: KeptFiles, source: KeptSource): Promise<ReadKept | undefined> {
  const file = files.get(id);
  if (!file) return undefined;
  const { paths, masking } = source;
  const { print, storedAt } = file;
  const about = { id, print, subagents: [], storedAt, parentId: null };
  const namesOf: NamesOf = async (one) => files.get(one)?.names ?? [];
  try {
    const parentId = (await storedExport(paths, id))?.info.parentID ?? null;
    if (parentId !== null && parentId !== id && files.has(parentId))
      return { entry: { ...about, parentId, content: { kind: "subagent" } }, facts: null, words: NO_WORDS };
    const stored = await loadStored(paths, id, namesOf);
    if (!stored) return undefined;
    // What changes while it is read has other prints later, and is read again.
    const subagents = stored.subagentIds.map((one) => ({ id: one, print: files.get(one)?.print ?? null }));
    const traces = assembleFound([stored.found]).flatMap(({ tree, evidence }) => traceSession(tree, evidence));
    const gitAt = await source.histories?.of(
      traces.map(({ session }) => session.directory).filter((one) => existsSync(one)),
    );
    const facts = sessionFacts(traces, { runs: stored.found.runs, gitAt });
    if (!facts) return { ...unreadable({ ...about, subagents, parentId }, NO_PROMPT) };
    const words = new Set<string>();
    eachText(traces, (text) => addWords(text, words));
    // Of all that the session holds only its figures' texts are shown, so only they are masked anew: it is much less.
    const shown = withHeads((await maskFor([facts], masking))(facts));
    const entry: CatalogEntry = { ...about, subagents, parentId, content: { kind: "session", row: sessionRow(shown) } };
    return { entry, facts: shown, words };
  } catch (error) {
    const reason = (await maskFor([messageOf(error)], masking))(messageOf(error));
    const left = isPassing(error) ? { ...about, print: NO_PRINT } : about;
    return unreadable(left, reason.slice(0, MOST_REASON).toWellFormed());
  }
}

/** Whether the system refused, which it may not do again while the files stay the same; what they hold stays wrong. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  // zlib's errors have a number too, and codes such as Z_DATA_ERROR.
  if ("errno" in error && code !== undefined && /^E[A-Z0-9]+$/.test(code)) return true;
  return isPassing(error.cause);
}

function unreadable(about: Omit<CatalogEntry, "content">, reason: string): ReadKept {
  return { entry: { ...about, content: { kind: "unreadable", reason } }, facts: null, words: NO_WORDS };
}
