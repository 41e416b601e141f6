import { after } from "./assigned-values.js";
import { matchOf, type SecretMatch } from "./secret-match.js";

const BEGINS =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 [A-Z ]{0,20}PRIVATE KEY ----|-----BEGIN OpenVPN Static key V1-----|Private-Lines: \d{1,3}/y;
/** What each has in it. */
export const KEY_WORDS: readonly string[] = ["BEGIN ", "Private-Lines: "];
/** How many dashes and blanks stand before the first of them. */
const DASHES = 5;
const LONGEST_KEY = 20_000;
/**
 * Where the lines of a key end, also as strings and lists of programs have them: these may stand in JSON in JSON, each
 * of which doubles the backslashes.
 */
const BREAKS = /(?:(?:\\{1,64}r)?\\{1,64}n)?\\{0,64}["'],\s*\\{0,64}["']|\r?\n|(?:\\{1,64}r)?\\{1,64}n/g;
/** A key's lines have 64 or 76 characters, the last one fewer. */
const BODY = /(?:[A-Za-z0-9/]|(?<=\S)\+)[A-Za-z0-9+/]{15,}={0,2}/g;
const FULL_LINE = 40;
/** Headers may stand before the first line, and outputs put lines of their own between. */
const MOST_OTHER_LINES = 6;
/** What programs put around a line: numbers, names of files, signs of differences, quotes. */
const AROUND = /^(?:[\w./@-]{1,120}[:-]\d{1,6}[:-])?[\s\d:|+>"'`,;.()\\*#&→-]*(?:concat|join)?[\s"'`,;.()\\*#&+-]*$/;
const HEADER = /(?:^|[\s:|>+])[A-Za-z][\w-]{1,30}: \S/;

/**
 * The lines of private keys, each by itself: tools that read files put numbers and signs before lines, and a part of a
 * key may stand elsewhere. What stands behind the first line of a key in source code is a key only when it looks like
 * one.
 *
 * @param places where such words may stand, ascending
 */
export function findPrivateKeys(text: string, places: readonly number[]): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  for (const place of places) {
    const start = after(BEGINS, text, text.startsWith("BEGIN ", place) ? place - DASHES : place);
    if (start === undefined) continue;
    const rest = text.slice(start, start + LONGEST_KEY);
    const end = /-----?\s?END|Private-MAC/.exec(rest)?.index ?? rest.length;
    found.push(...linesOfKey(rest.slice(0, end), start, end < rest.length));
  }
  return found;
}

function linesOfKey(body: string, start: number, isClosed: boolean): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let others = 0;
  let from = 0;
  const breaks = [...body.matchAll(BREAKS)].map(({ 0: gap, index }) => ({ to: index, gap: gap.length }));
  for (const { to, gap } of [...breaks, { to: body.length, gap: 0 }]) {
    const line = body.slice(from, to);
    const runs = [...line.matchAll(BODY)];
    const isKey =
      runs.length > 0 &&
      AROUND.test(line.replace(BODY, "")) &&
      runs.every(
        ([run]) => (run.length >= FULL_LINE || found.length > 0 || /^[0-9a-f]{32}$/.test(run)) && isKeyMaterial(run),
      );
    if (isKey) {
      for (const { 0: run, index } of runs) {
        const at = start + from + index;
        found.push(matchOf(at, run, "PrivateKey", at, true));
      }
    } else {
      const tail = /^[\s"'+|>\d:]*?([A-Za-z0-9+/]{1,15}={0,2})["'\s\\+,;]*$/.exec(line)?.[1];
      const last = found.at(-1);
      if (tail && last && isClosed && to === body.trimEnd().replace(/["'\s\\+]+$/, "").length) {
        // Too short to be masked where it stands alone.
        found.push(matchOf(start + from + line.indexOf(tail), tail, "PrivateKey", last.from, false));
        break;
      }
      const isEmpty = line.trim() === "";
      if (!isEmpty && !HEADER.test(line)) others += MOST_OTHER_LINES / (found.length > 0 ? 2 : 3);
      // Behind each line of a key there may be an empty one.
      else if (!isEmpty || found.length === 0) others += 1;
      if (others > MOST_OTHER_LINES) break;
    }
    from = to + gap;
  }
  return found;
}

/** Random bytes have letters of both cases and digits; what people name has few changes between them. */
function isKeyMaterial(run: string): boolean {
  if (/^[0-9a-f]{32,}$/.test(run)) return true;
  if (run.length < FULL_LINE) return /\d/.test(run) || (/[a-z]/.test(run) && /[A-Z]/.test(run));
  if (!/\d/.test(run) || !/[a-z]/.test(run) || !/[A-Z]/.test(run)) return false;
  let changes = 0;
  for (let at = 1; at < run.length; at += 1) {
    if (kindOf(run.charCodeAt(at)) !== kindOf(run.charCodeAt(at - 1))) changes += 1;
  }
  return changes > run.length / 4;
}

function kindOf(code: number): number {
  if (code >= 97) return 0;
  if (code >= 65) return 1;
  return code >= 48 ? 2 : 3;
}
