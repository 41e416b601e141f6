/** One line of opencode's log. */
export interface LogLine {
  /** Epoch, ms. */
  readonly at: number;
  readonly level: LogLevel;
  /** Such as `stream`, `loop`, `stream error`, `evaluated`. */
  readonly message: string;
  /** All other fields, as text; names such as `session.id`, `small`, `error.error`. */
  readonly fields: Readonly<Record<string, string>>;
}
export type LogLevel = "DEBUG" | "INFO" | "WARN" | "ERROR";

/** 1.15 writes whole seconds and the distance to its previous line, so the milliseconds follow only from many lines. */
interface Dated {
  readonly line: LogLine;
  /** ms since the previous line; null where `at` is exact already. */
  readonly distance: number | null;
}

/**
 * Reads opencode's log: logfmt as of 1.17, `LEVEL  time +Nms key=value … message` in 1.15. Lines of any other kind
 * (notices to the person at the terminal, stack traces, rubbish) are left out.
 */
export function parseLog(text: string): LogLine[] {
  return placeInTime(text.split("\n").flatMap((line) => parseDated(line) ?? []));
}

/**
 * Reads one line of the log by itself.
 *
 * @returns undefined when it is not a line of the log; with 1.15's format `at` is only known to the second
 */
export function parseLogLine(line: string): LogLine | undefined {
  return parseDated(line)?.line;
}

function parseDated(line: string): Dated | undefined {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  if (text.startsWith("timestamp=")) return parseLogfmt(text);
  const header = /^(DEBUG|INFO|WARN|ERROR) +(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d) \+(\d{1,15})ms /.exec(text);
  if (!header) return undefined;
  const [whole, level, second, distance] = header;
  const at = Date.parse(`${second}Z`);
  if (!isLevel(level) || Number.isNaN(at)) return undefined;
  return { line: { at, level, ...parseTail(text, whole.length) }, distance: Number(distance) };
}

function parseLogfmt(text: string): Dated | undefined {
  const fields = new Map<string, string>();
  for (let at = 0; at < text.length; at++) {
    const key = keyAt(text, at);
    if (key === undefined) {
      const space = text.indexOf(" ", at);
      if (space < 0) break;
      at = space;
      continue;
    }
    const start = at + key.length + 1;
    const end = text[start] === '"' ? endOfQuoted(text, start) : endOfWord(text, start);
    fields.set(key, unquote(text.slice(start, end)));
    at = end;
  }
  const { timestamp = "", level, message = "", ...others } = Object.fromEntries(fields);
  const at = Date.parse(timestamp);
  if (Number.isNaN(at) || !isLevel(level)) return undefined;
  return { line: { at, level, message, fields: others }, distance: null };
}

/** 1.15's `key=value … message`: values are not quoted and may hold spaces, so one goes on until the next key. */
function parseTail(text: string, from: number): Pick<LogLine, "message" | "fields"> {
  const fields = new Map<string, string>();
  let at = from;
  for (let key = keyAt(text, at); key !== undefined; key = keyAt(text, at)) {
    const start = at + key.length + 1;
    let end: number;
    if (text[start] === "{" || text[start] === "[") {
      end = endOfJson(text, start);
    } else {
      const next = nextKey(text, start);
      // The last value ends at the first space: what follows is the message.
      end = next ?? endOfWord(text, start);
    }
    fields.set(key, text.slice(start, end));
    at = Math.min(end + 1, text.length);
  }
  return { message: text.slice(at).trim(), fields: Object.fromEntries(fields) };
}

function keyAt(text: string, at: number): string | undefined {
  const pattern = /([A-Za-z_][\w.-]*)=/y;
  pattern.lastIndex = at;
  return pattern.exec(text)?.[1];
}

function nextKey(text: string, from: number): number | undefined {
  const pattern = / [A-Za-z_][\w.-]*=/g;
  pattern.lastIndex = from;
  return pattern.exec(text)?.index;
}

function endOfWord(text: string, from: number): number {
  const space = text.indexOf(" ", from);
  return space < 0 ? text.length : space;
}

function endOfQuoted(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function endOfJson(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfQuoted(text, at) - 1;
    else if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return at + 1;
  }
  return text.length;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "string" ? parsed : value;
  } catch {
    return value;
  }
}

function isLevel(text: string | undefined): text is LogLevel {
  return text === "DEBUG" || text === "INFO" || text === "WARN" || text === "ERROR";
}

/**
 * Each line of 1.15 says in which second it was written; the summed distances say how the lines lie to each other.
 * Together they leave only a few ms for the first line, the fewer the more lines there are; the middle is taken. Lines
 * that contradict each other come from two processes, and each begins anew.
 */
function placeInTime(lines: readonly Dated[]): LogLine[] {
  const placed: LogLine[] = [];
  let group: { readonly line: LogLine; readonly offset: number }[] = [];
  let low = 0;
  let high = 0;
  let offset = 0;
  const close = () => {
    const first = Math.floor((low + high) / 2);
    for (const member of group) placed.push({ ...member.line, at: first + member.offset });
    group = [];
  };
  for (const { line, distance } of lines) {
    if (distance === null) {
      close();
      placed.push(line);
      continue;
    }
    offset += distance;
    const lowest = line.at - offset;
    if (group.length === 0 || lowest > high || lowest + 999 < low) {
      close();
      offset = 0;
      low = line.at;
      high = line.at + 999;
    } else {
      low = Math.max(low, lowest);
      high = Math.min(high, lowest + 999);
    }
    group.push({ line, offset });
  }
  close();
  return placed;
}
