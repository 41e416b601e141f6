/** What a text holds besides its export. */
export interface FoundExport {
  readonly json: unknown;
  /** There is another export behind it. */
  readonly isOneOfSeveral: boolean;
}

/** In text that is no export at all every brace could begin one; so many are tried. */
const MOST_TRIES = 200;

/**
 * Finds the export in a text that holds more than it: what opencode, npm or a shell said before or behind, colours
 * included. (opencode 1.15 says `Exporting session: …` on stderr, which `2>&1` puts into the same file.)
 *
 * @returns undefined where there is none, or none that is whole
 */
export function findExport(text: string): FoundExport | undefined {
  const first = nextExport(text, 0);
  if (!first) return undefined;
  return { json: first.json, isOneOfSeveral: nextExport(text, first.end) !== undefined };
}

/** Where an export begins that does not come to its end; undefined where none begins, or all that begin end. */
export function unendedExport(text: string): number | undefined {
  const begin = /\{\s*"(?:info|messages)"\s*:/.exec(text)?.index;
  return begin !== undefined && endOfObject(text, begin, new Set()) === undefined ? begin : undefined;
}

/** Without what no JSON can hold: control sequences of a terminal, and NULs. */
export function withoutTerminalCodes(text: string): string {
  return text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])|\0/g, "");
}

function nextExport(text: string, from: number): { readonly json: unknown; readonly end: number } | undefined {
  let at = text.indexOf("{", from);
  const unended = new Set<number>();
  for (let tries = 0; at >= 0 && tries < MOST_TRIES; tries += 1) {
    const end = endOfObject(text, at, unended);
    const json = end === undefined ? undefined : parsed(text.slice(at, end));
    if (end !== undefined && isExport(json)) return { json, end };
    // An object that can be read, such as a line of a log, is passed by whole: what is in it is its own.
    at = text.indexOf("{", json === undefined || end === undefined ? at + 1 : end);
  }
  return undefined;
}

function isExport(json: unknown): boolean {
  return typeof json === "object" && json !== null && "info" in json && "messages" in json;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Just behind the brace that closes the object which begins here; undefined where the text ends before.
 *
 * @param unended gets where the objects begin that the text ends in, so that it is gone through for one of them only
 */
function endOfObject(text: string, begin: number, unended: Set<number>): number | undefined {
  if (unended.has(begin)) return undefined;
  const open: number[] = [];
  // Only what counts is stopped at: a quote that begins a string, a brace.
  const marks = /["{}]/g;
  marks.lastIndex = begin;
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    if (mark[0] === "{") open.push(mark.index);
    else if (mark[0] === "}") {
      open.pop();
      if (open.length === 0) return mark.index + 1;
    } else {
      const end = endOfString(text, mark.index);
      if (end === undefined) break;
      marks.lastIndex = end;
    }
  }
  for (const one of open) unended.add(one);
  return undefined;
}

function endOfString(text: string, begin: number): number | undefined {
  for (let end = text.indexOf('"', begin + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
  return undefined;
}
