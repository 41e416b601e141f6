/** Where values of JSON end in a text, found without reading them: a request's body has megabytes. */

/** @param at of the opening quote @returns the place behind the closing one; -1 without one */
export function stringEnd(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    // The opening quote stands before all of them.
    if (backslashes % 2 === 0) return quote + 1;
  }
  return -1;
}

/** Where an object or a list ends, and what it lacks there. */
export interface ContainerEnd {
  /** Behind its last bracket, or the text's end; behind the one that matches none. */
  readonly to: number;
  /** What is missing: `""` where it is whole; undefined where a bracket matches none. */
  readonly closers: string | undefined;
  /** How many levels it has. */
  readonly depth: number;
}

/** The end of an object or list. @param at of its first bracket */
export function containerEnd(text: string, at: number): ContainerEnd {
  const open: string[] = [];
  let depth = 0;
  const next = /[{}[\]"]/g;
  next.lastIndex = at;
  for (let found = next.exec(text); found; found = next.exec(text)) {
    const mark = found[0];
    if (mark === '"') {
      const to = stringEnd(text, found.index);
      if (to < 0) return { to: text.length, closers: `"${open.reverse().join("")}`, depth };
      next.lastIndex = to;
    } else if (mark === "{" || mark === "[") {
      open.push(mark === "{" ? "}" : "]");
      depth = Math.max(depth, open.length);
    } else {
      if (open.pop() !== mark) return { to: next.lastIndex, closers: undefined, depth };
      if (open.length === 0) return { to: next.lastIndex, closers: "", depth };
    }
  }
  return { to: text.length, closers: open.reverse().join(""), depth };
}

const LITERAL = /[-+.\w]+/y;

/** The end of any value. @param at of its first character @returns -1 where none begins there */
export function valueEnd(text: string, at: number): number {
  const first = text.charAt(at);
  if (first === '"') return stringEnd(text, at);
  if (first === "{" || first === "[") {
    const end = containerEnd(text, at);
    return end.closers === "" ? end.to : -1;
  }
  LITERAL.lastIndex = at;
  return LITERAL.test(text) ? LITERAL.lastIndex : -1;
}

const SPACE = /[ \t\r\n]*/y;

/** The first place that is no white space. */
export function afterSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

const BACKSLASH = "\\".charCodeAt(0);
