import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { isFields } from "../../text/json-fields.js";

/** What is in files, by their paths; short enough to be compared for each run. */
export interface HashedFiles {
  /** Adds a file, or all that is in a folder; what is not there adds nothing. */
  add(path: string): void;
  /** The text of a file that was added; undefined where it is none, or is too long. */
  textOf(path: string): string | undefined;
  /** By path, in order. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Set where there was more than is looked at: then nobody knows whether something has changed. */
  readonly tooMuch: TooMuch | undefined;
}

/** More than is looked at. */
export interface TooMuch {
  /** Of what there is too much, in words that the folder's name ends. */
  readonly what: string;
  /** The folder that holds most of it. */
  readonly folder: string;
}

const MOST_FILES = 512;
const MOST_TEXT_BYTES = 1024 * 1024;
const MOST_BYTES = 16 * 1024 * 1024;
const DEEPEST = 8;

/** What opencode itself puts into folders of configuration, and what packages bring. */
const NOT_OWN = new Set(["node_modules", ".git", ".gitignore", "package-lock.json", "bun.lock", "bun.lockb"]);
const { O_RDONLY, O_NONBLOCK = 0 } = constants;

/** Reads without waiting for anything: a pipe among the files is told by what it is, not by what comes out of it. */
export function hashedFiles(): HashedFiles {
  const hashes = new Map<string, string>();
  const texts = new Map<string, string>();
  let bytes = 0;
  const roots: string[] = [];
  let tooMuch: TooMuch | undefined;

  const addAt = (path: string, depth: number): void => {
    if (tooMuch || hashes.has(path)) return;
    const found = attempt(() => statSync(path));
    if (found?.isDirectory()) {
      if (depth >= DEEPEST) tooMuch = { what: `folders more than ${DEEPEST} deep, such as`, folder: path };
      else for (const name of namesIn(path)) if (!NOT_OWN.has(name)) addAt(join(path, name), depth + 1);
      return;
    }
    if (!found) return;
    if (hashes.size >= MOST_FILES || bytes > MOST_BYTES) {
      const most = bytes > MOST_BYTES ? `${MOST_BYTES / 1024 / 1024} MB` : `${MOST_FILES} files`;
      const what = `more than ${most}, most of the files in`;
      tooMuch = { what, folder: fullestFolder([...hashes.keys()], roots) };
      return;
    }
    const text = found.isFile() && found.size <= MOST_TEXT_BYTES ? attempt(() => textAt(path)) : undefined;
    bytes += text?.length ?? 0;
    if (text !== undefined) texts.set(path, text);
    // A program, or what may not be read: what it is to the file system has to do.
    const facts = [found.dev, found.ino, found.size, found.mtimeMs, found.ctimeMs, found.mode];
    const own = text === undefined ? JSON.stringify(facts) : ownText(path, text);
    if (own !== undefined) hashes.set(path, digest(own));
  };
  return {
    add: (path) => {
      roots.push(path);
      addAt(path, 0);
    },
    textOf: (path) => texts.get(path),
    hashes,
    get tooMuch() {
      return tooMuch;
    },
  };
}

/**
 * The deepest folder that holds more than half of the files; where they are spread, which of the roots holds most.
 *
 * @param roots the folders and files that were asked for
 */
function fullestFolder(paths: readonly string[], roots: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const root = roots.find((one) => path.startsWith(one + sep));
    for (let folder = path; root !== undefined && folder !== root; ) {
      folder = dirname(folder);
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
  }
  const [fullest] = [...counts].sort(([a, many], [b, more]) => more - many || b.length - a.length);
  const [deepest] = [...counts].filter(([, count]) => count * 2 > paths.length).sort(([a], [b]) => b.length - a.length);
  return (deepest ?? fullest)?.[0] ?? sep;
}

/** SHA-256, in hexadecimal. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function namesIn(folder: string): readonly string[] {
  return attempt(() => readdirSync(folder).sort()) ?? [];
}

/**
 * The text of a regular file, as Latin 1, without waiting for anything.
 *
 * @returns undefined for what is no file, or too long
 * @throws the file system's error
 */
export function textAt(path: string): string | undefined {
  const file = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) return undefined;
    const into = Buffer.allocUnsafe(MOST_TEXT_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= MOST_TEXT_BYTES; length += read)
      read = readSync(file, into, length, into.length - length, null);
    return length > MOST_TEXT_BYTES ? undefined : into.toString("latin1", 0, length);
  } finally {
    closeSync(file);
  }
}

/**
 * A text without what opencode itself changes in it while it works: a server that has done so need not be replaced. It
 * reads what it keeps of a login anew for each request.
 *
 * @returns undefined for a file of which nothing else is left: opencode makes it some time after its first start
 */
function ownText(path: string, text: string): string | undefined {
  if (/[\\/](?:mcp-)?auth\.json$/.test(path)) return withoutTokens(text);
  if (/[\\/]package\.json$/.test(path)) return withoutOwnPackage(text);
  return text;
}

function withoutTokens(text: string): string {
  const entries = jsonFields(text);
  if (entries === undefined) return text;
  const lasting = Object.entries(entries).map(([name, entry]) => {
    if (!isFields(entry)) return [name, entry];
    if (entry.type === "oauth") return [name, { ...entry, access: null, expires: null }];
    const tokens = isFields(entry.tokens) ? { ...entry.tokens, accessToken: null, expiresAt: null } : null;
    return [name, { ...entry, tokens }];
  });
  return JSON.stringify(lasting);
}

function withoutOwnPackage(text: string): string | undefined {
  const fields = jsonFields(text);
  if (fields === undefined || !isFields(fields.dependencies)) return text;
  const { "@opencode-ai/plugin": _own, ...dependencies } = fields.dependencies;
  const { dependencies: _all, ...rest } = fields;
  const others = Object.keys(dependencies).length === 0 ? rest : { ...rest, dependencies };
  return Object.keys(others).length === 0 ? undefined : JSON.stringify(others);
}

function jsonFields(text: string): Readonly<Record<string, unknown>> | undefined {
  const value: unknown = attempt(() => JSON.parse(text));
  return isFields(value) ? value : undefined;
}
