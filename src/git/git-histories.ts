import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { attempt } from "../errors/thrown.js";
import { askGit, type Environment } from "./ask-git.js";
import { branchOf, type GitFacts } from "./git-facts.js";
import { type HeadHistory, headHistory, type ReflogEntry } from "./head-history.js";

/** As many of a reflog's entries as count, the last ones; and as many names. */
const MOST_ENTRIES = 20_000;
const MOST_NAMES = 20_000;

/** What directories stood on at a moment, ms since the epoch; null where that is not known. */
export type GitAt = (directory: string, at: number) => GitFacts | null;

/**
 * Reads what directories stood on out of their repositories' reflogs, each once. Only what the user's own git would
 * tell there counts (its `safe.directory`); nothing is changed, fetched or started by it.
 */
export class GitHistories {
  readonly #env: Environment;
  readonly #known = new Map<string, Promise<HeadHistory | undefined>>();

  constructor(env: Environment) {
    this.#env = env;
  }

  /** Asks for some directories; of all others the answer knows nothing. */
  async of(directories: Iterable<string>): Promise<GitAt> {
    const read = new Map<string, HeadHistory | undefined>();
    // One after the other: a list of thousands must not start as many programs at once.
    for (const directory of new Set(directories)) read.set(directory, await this.#history(directory));
    return (directory, at) => read.get(directory)?.(at) ?? null;
  }

  #history(directory: string): Promise<HeadHistory | undefined> {
    const known = this.#known.get(directory) ?? readHistory(directory, this.#env);
    this.#known.set(directory, known);
    return known;
  }
}

async function readHistory(directory: string, env: Environment): Promise<HeadHistory | undefined> {
  // Directories of old sessions, and of those from other machines, are often not there: no program is started for them.
  if (!isAbsolute(directory) || attempt(() => statSync(directory).isDirectory()) !== true) return undefined;
  const format = ["--date=unix", "--format=%H %gd %gs"];
  const log = await askGit(directory, env, "reflog", "show", `--max-count=${MOST_ENTRIES}`, ...format, "HEAD", "--");
  const entries = (log ?? "").split("\n").flatMap(entryIn).reverse();
  if (entries.length === 0) return undefined;
  const current = await askGit(directory, env, "symbolic-ref", "--quiet", "HEAD");
  const refs = await askGit(directory, env, "for-each-ref", `--count=${MOST_NAMES}`, "--format=%(refname)");
  const names = (refs ?? "").split("\n");
  const below = (folder: string): readonly string[] =>
    names.flatMap((name) => (name.startsWith(folder) ? [name.slice(folder.length)] : []));
  return headHistory(entries, {
    current: branchOf(current?.trim()),
    branches: new Set(below("refs/heads/")),
    others: new Set([...below("refs/tags/"), ...below("refs/remotes/")]),
  });
}

function entryIn(line: string): readonly ReflogEntry[] {
  const [, commit, seconds, message = ""] = /^([0-9a-f]{40,64}) \S+@\{(\d+)\} ?(.*)$/.exec(line) ?? [];
  return commit === undefined ? [] : [{ commit, at: Number(seconds) * 1000, message }];
}
