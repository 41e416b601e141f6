import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Catalog, CatalogSession } from "../catalog/catalog.js";
import { shortIds } from "../catalog/short-ids.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { maskFor } from "../masking/mask.js";
import { isSessionId } from "../opencode/session.js";
import type { LoadOptions } from "../sessions/load-options.js";
import { type IdsWith, storedIdsOnce } from "../sessions/stored-files.js";
import { sessionOutcome, titleText, whenOf } from "../terminal/paint-sessions.js";
import { whenText } from "../terminal/when-text.js";
import { plural } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { shellWord } from "./how-to-see.js";
import { lastListed } from "./last-list.js";
import { nothingKept, whyNothing } from "./nothing-kept.js";
import { withKept } from "./open-kept.js";
import type { Terminal } from "./terminal.js";

interface Where extends Pick<LoadOptions, "paths" | "masking" | "directory"> {
  /** Whether a file may be meant too; default true. */
  readonly files?: boolean;
}

/** A shorter beginning of an id is a word of a title rather, where one has it. */
const SHORTEST_ID = 4;
const NUMBER = /^-?\d{1,5}$/;
const BEGINNING = /^(?:ses_)?[0-9A-Za-z]+$/;
/** What can only be meant as a file, or as what Langfuse knows. */
const NO_NAME = /[/\\]|\.jsonl?$|^[0-9a-f]{32}$/i;
const MOST_CANDIDATES = 10;
const MOST_TITLE = 60;
const MOST_NAME = 200;

/**
 * What sessions were named, by their whole ids: by the number in the list that `looptrace ls` printed last, the
 * beginning of an id, or words of a title. A file that is there comes first; what is no name of a kept session, and may
 * be an id that opencode knows or a file that is missed, stays as it is.
 *
 * @throws {ConfigurationError} when a name is that of none or of several sessions; the message lists these
 */
export async function nameSessions(
  named: readonly string[],
  where: Where,
  terminal: Terminal,
): Promise<readonly string[]> {
  const ids: string[] = [];
  const idsWith = storedIdsOnce(where.paths);
  for (const name of named) ids.push(await nameOne(name, where, terminal, idsWith));
  return ids;
}

/** The same for one. */
export async function nameSession(name: string, where: Where, terminal: Terminal): Promise<string> {
  return await nameOne(name, where, terminal, storedIdsOnce(where.paths));
}

async function nameOne(name: string, where: Where, terminal: Terminal, idsWith: IdsWith): Promise<string> {
  const { files = true, directory } = where;
  if (name.trim() === "")
    throw new ConfigurationError(
      "sources",
      `${JSON.stringify(name)}: this names no session.\nIs a variable not set? \`looptrace ls\` lists the sessions.`,
    );
  if (files && (name === "-" || NO_NAME.test(name) || existsSync(resolve(directory, name)))) return name;
  if (NUMBER.test(name)) return await numbered(name, where, terminal);
  const begun = async (): Promise<string | undefined> => {
    const ids = BEGINNING.test(name) ? await idsWith(name) : [];
    if (ids.length > 1 && !ids.includes(name)) return await withSubagents(name, ids, where, terminal);
    return ids.includes(name) ? name : ids[0];
  };
  const isWord = name.length < SHORTEST_ID;
  const found = isWord ? undefined : await begun();
  if (found !== undefined) return found;
  if (isSessionId(name)) return name;
  const meant = (await titled(name, where, terminal)) ?? (isWord ? await begun() : undefined);
  if (meant === undefined) throw noneMeant(name, where);
  return meant;
}

/** Of ids that begin alike: the ids of subagents begin much like that of the session that they are of. */
async function withSubagents(name: string, ids: readonly string[], where: Where, terminal: Terminal): Promise<string> {
  const isMeant = ({ id }: CatalogSession): boolean => ids.includes(id);
  const whole = await withKept(where, terminal, async (catalog) => catalog.sessions().filter(isMeant));
  const [only] = whole;
  if (only !== undefined && whole.length === 1) return only.id;
  if (whole.length === 0) throw ambiguousSubagents(name, ids);
  throw await ambiguous(name, "begin so", isMeant, where, terminal);
}

/** Lists of sessions have none of them: there is no more to tell of them than their ids. */
function ambiguousSubagents(name: string, ids: readonly string[]): ConfigurationError {
  const shortId = shortIds(ids);
  return severalMeant(
    `${asTyped(name)} may be any of ${plural(ids.length, "subagent's session", "subagents' sessions")} that begin so`,
    ids.map((id) => `  ${shortId(id)}`),
  );
}

async function numbered(name: string, where: Where, terminal: Terminal): Promise<string> {
  const ids =
    (await lastListed(where.paths)) ??
    (await withKept(where, terminal, async (catalog) => catalog.sessions().map(({ id }) => id)));
  const id = ids[Number(name) - 1];
  if (id !== undefined) return id;
  throw new ConfigurationError(
    "sources",
    ids.length === 0
      ? nothingKept(whyNothing(terminal))
      : `${name}: no session has that number: the last list had ${ids.length === 1 ? "one, number 1" : `numbers 1 to ${ids.length}`}.\n\`looptrace ls\` prints a new one.`,
  );
}

/** @returns the session that has all words in its title; undefined where none has */
async function titled(name: string, where: Where, terminal: Terminal): Promise<string | undefined> {
  const words = name.toLowerCase().split(/\s+/).filter(Boolean);
  const isTitled = (session: CatalogSession): boolean =>
    session.kind === "session" && words.every((word) => session.row.title.toLowerCase().includes(word));
  const found = await withKept(where, terminal, async (catalog) => {
    const titled = words.length === 0 ? [] : catalog.sessions().filter(isTitled);
    const same = titled.filter((one) => titleText(one).toLowerCase() === name.toLowerCase());
    return (same.length === 1 ? same : titled).map(({ id }) => id);
  });
  const [only] = found;
  if (found.length > 1)
    throw await ambiguous(name, "have it in their title", ({ id }) => found.includes(id), where, terminal);
  return only;
}

function noneMeant(name: string, where: Where): ConfigurationError {
  const noFile = where.files === false ? "" : "there is no such file, and ";
  return new ConfigurationError(
    "sources",
    `${asTyped(name)}: ${noFile}no kept session has it at the beginning of its id (ses_…) or in its title.\n\`looptrace ls\` lists them; \`looptrace ls --grep ${shellWord(asTyped(name))}\` searches their texts.`,
  );
}

/** As it was typed, on a line. */
function asTyped(name: string): string {
  return shortenTo(oneLine(name), MOST_NAME);
}

async function ambiguous(
  name: string,
  why: string,
  isMeant: (session: CatalogSession) => boolean,
  where: Where,
  terminal: Terminal,
): Promise<ConfigurationError> {
  const lines = await withKept(where, terminal, async (catalog) => candidates(catalog, isMeant, where));
  return severalMeant(`${asTyped(name)} may be any of ${plural(lines.length, "session")} that ${why}`, lines);
}

function severalMeant(what: string, lines: readonly string[]): ConfigurationError {
  const shown = lines.slice(0, MOST_CANDIDATES).join("\n");
  const more = lines.length > MOST_CANDIDATES ? `\n  … and ${lines.length - MOST_CANDIDATES} more` : "";
  return new ConfigurationError("sources", `${what}.\nName one by more of its id:\n${shown}${more}`);
}

async function candidates(
  catalog: Catalog,
  isMeant: (session: CatalogSession) => boolean,
  { masking }: Where,
): Promise<readonly string[]> {
  const all = catalog.sessions();
  const shortId = shortIds(all.map(({ id }) => id));
  const found = all.filter(isMeant);
  const shown = (await maskFor([found], masking))(found);
  const now = Date.now();
  return shown.map((session) => {
    const title = shortenTo(titleText(session), MOST_TITLE);
    return `  ${shortId(session.id)}  ${title} · ${sessionOutcome(session)} · ${whenText(whenOf(session), now)}`;
  });
}
