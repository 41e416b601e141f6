import { readdir } from "node:fs/promises";
import { Catalog } from "../../catalog/catalog.js";
import { shortIds } from "../../catalog/short-ids.js";
import { READING_RISKS } from "../../config/config-risks.js";
import { maskFor } from "../../masking/mask.js";
import { oneLine } from "../../text/terminal-text.js";
import { CommandContext } from "../command-context.js";
import type { Terminal } from "../terminal.js";
import type { Candidate, Known, NamedSession } from "./candidates.js";

/** More than that no person looks through. */
const MOST = 100;
const LONGEST_TITLE = 60;
/** What a shell takes as it is; anything else is not offered. */
const PLAIN = /^[\w.:/@-]+$/;
/** opencode's own; others are known from sessions. */
const AGENTS = ["build", "plan"];

/**
 * What looptrace has kept, as far as its index is there already: a person who waits for a shell to complete a word
 * waits for no session to be read, and opencode is not asked.
 */
export function knownOf(terminal: Terminal): Known {
  let opened: Promise<Shown> | undefined;
  const shown = (): Promise<Shown> => {
    opened ??= shownOf(terminal);
    return opened;
  };
  return {
    sessions: async () => (await shown()).sessions,
    models: async () => (await shown()).models,
    agents: async () => (await shown()).agents,
  };
}

interface Shown {
  readonly sessions: readonly NamedSession[];
  readonly models: readonly Candidate[];
  readonly agents: readonly Candidate[];
}

async function shownOf(terminal: Terminal): Promise<Shown> {
  const { paths, masking } = new CommandContext({}, terminal, { uses: READING_RISKS });
  const catalog = await Catalog.open({ paths, masking, environment: null });
  try {
    const rows = catalog.sessions().flatMap((one) => (one.kind === "session" ? [one.row] : []));
    const listed = rows.slice(0, MOST).map(({ id, title }) => ({ id, title }));
    const mask = await maskFor([listed], masking);
    const sessions = named(mask(listed));
    const facts = await catalog.facts();
    const agents = facts.flatMap(({ turns }) => turns.flatMap(({ agent }) => agent ?? []));
    return {
      sessions: sessions.length > 0 ? sessions : named(await keptIds(paths.sessions)),
      models: plain([...new Set(rows.flatMap(({ models }) => models))].map(bare)),
      agents: plain([...new Set([...AGENTS, ...agents])].map(bare)),
    };
  } finally {
    await catalog.close();
  }
}

/** A shorter word of a title is often in another one's, too. */
const SHORTEST_WORD = 3;

function named(listed: readonly { readonly id: string; readonly title: string }[]): readonly NamedSession[] {
  const shortId = shortIds(listed.map(({ id }) => id));
  const seen = new Map<string, number>();
  const all = listed.map(({ id, title }) => {
    const line = oneLine(title).slice(0, LONGEST_TITLE);
    const words = [...new Set(line.toLowerCase().match(/[a-z0-9]+/g) ?? [])].filter(
      (word) => word.length >= SHORTEST_WORD,
    );
    for (const word of words) seen.set(word, (seen.get(word) ?? 0) + 1);
    return { id, shortId: shortId(id), about: line, words };
  });
  return all
    .filter(({ id }) => PLAIN.test(id))
    .map(({ words, ...one }) => ({ ...one, words: words.filter((word) => seen.get(word) === 1) }));
}

/** Before there is an index. */
async function keptIds(folder: string): Promise<readonly { readonly id: string; readonly title: string }[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => (/^ses_\w+\.json$/.test(name) ? [{ id: name.slice(0, -".json".length), title: "" }] : []))
    .slice(-MOST);
}

function bare(value: string): Candidate {
  return { value, about: "" };
}

function plain(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ value }) => PLAIN.test(value));
}
