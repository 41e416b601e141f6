/**
 * Finds many known texts in one pass, and replaces them: a regular expression of thousands is slow, and one of more
 * cannot be made.
 */
import { beginningsOf } from "./beginnings.js";

/** A text to be found, and which part of it is replaced. */
export interface Literal {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly marker: string;
  /** Whether a longer word that begins like it is another one. */
  readonly isWord: boolean;
  /** Whether it is also found where line breaks stand in it. */
  readonly wraps: boolean;
}

/** As long as this is what a text is looked up by. */
const HEAD = 3;
/** Fewer characters before a line break may begin anything. */
const SHORTEST_BEFORE_BREAK = 6;
/** More secrets that begin alike are not looked for across line breaks. */
const MOST_WRAPPED = 40;

interface Entry extends Literal {
  /** The longest other entry that this one begins with, by its index; -1 without. */
  shorter: number;
}

/**
 * Makes the function that puts markers in the place of what the literals say, wherever these stand. What overlaps
 * becomes one marker. Takes time in proportion to the text.
 */
export function replacerOf(literals: readonly Literal[]): (text: string) => string {
  const entries = entriesOf(literals.filter(({ text }) => text.length >= HEAD));
  if (entries.length === 0) return (text) => text;
  const beginnings = beginningsOf(entries.map(({ text }) => text));
  const wrapped = new Map<number, Entry[]>();
  for (const entry of entries) {
    if (!entry.wraps) continue;
    const head = headAt(entry.text, 0);
    const alike = wrapped.get(head) ?? [];
    if (alike.length < MOST_WRAPPED) wrapped.set(head, [...alike, entry]);
  }
  return (text) => {
    const places: Place[] = [];
    beginnings(text, (at) => {
      let index = lastNotAfter(entries, text, at);
      const length = index < 0 ? 0 : common(entries[index]?.text ?? "", text, at);
      for (let entry = entries[index]; entry !== undefined; index = entry.shorter, entry = entries[index]) {
        if (entry.text.length > length) continue;
        if (entry.isWord && isWordAt(text, at + entry.text.length)) continue;
        places.push({ from: at + entry.from, to: at + entry.to, marker: entry.marker });
        // What is masked of a shorter one may be another part of it.
        if (entry.from === 0) break;
      }
      for (const entry of wrapped.get(headAt(text, at)) ?? []) {
        const end = wrappedEnd(entry.text, text, at);
        if (end > 0) places.push({ from: at, to: end, marker: entry.marker });
      }
    });
    return places.length === 0 ? text : replacedAt(text, places);
  };
}

/** Which of some known texts stand in texts that it is shown. */
export interface Presence {
  /** Takes time in proportion to the text. */
  readonly look: (text: string) => void;
  /** Those that stood in one of them. */
  readonly found: () => readonly Literal[];
}

/** Looks for the literals as they are, not across line breaks, and in parts of longer words too. */
export function presenceOf(literals: readonly Literal[]): Presence {
  const entries = entriesOf(literals.filter(({ text }) => text.length >= HEAD));
  const present = new Set<Entry>();
  const beginnings = beginningsOf(entries.map(({ text }) => text));
  const look = (text: string): void => {
    if (present.size === entries.length) return;
    beginnings(text, (at) => {
      let entry = entries[lastNotAfter(entries, text, at)];
      const length = entry ? common(entry.text, text, at) : 0;
      while (entry && entry.text.length > length) entry = entries[entry.shorter];
      // Those that one begins with were found where it was.
      for (; entry && !present.has(entry); entry = entries[entry.shorter]) present.add(entry);
    });
  };
  const found = (): readonly Literal[] => {
    const texts = new Set([...present].map(({ text }) => text));
    return literals.filter(({ text }) => texts.has(text));
  };
  return { look, found };
}

interface Place {
  readonly from: number;
  readonly to: number;
  readonly marker: string;
}

/** What overlaps becomes one marker, that of what begins first. */
function replacedAt(text: string, places: Place[]): string {
  places.sort((a, b) => a.from - b.from || b.to - a.to);
  let result = "";
  let done = 0;
  let open: Place | undefined;
  for (const place of places) {
    if (open && place.from < open.to) {
      if (place.to > open.to) open = { ...open, to: place.to };
      continue;
    }
    if (open) {
      result += text.slice(done, open.from) + open.marker;
      done = open.to;
    }
    open = place;
  }
  return open ? result + text.slice(done, open.from) + open.marker + text.slice(open.to) : text;
}

/** Sorted, each text once: the first one names it. */
function entriesOf(literals: readonly Literal[]): readonly Entry[] {
  const byText = new Map<string, Literal>();
  for (const literal of literals) {
    const other = byText.get(literal.text);
    byText.set(
      literal.text,
      other
        ? {
            ...other,
            from: Math.min(other.from, literal.from),
            to: Math.max(other.to, literal.to),
            isWord: other.isWord && literal.isWord,
          }
        : literal,
    );
  }
  const entries = [...byText.values()]
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map((literal): Entry => ({ ...literal, shorter: -1 }));
  const open: number[] = [];
  for (const [index, entry] of entries.entries()) {
    while (open.length > 0 && !entry.text.startsWith(entries[open.at(-1) ?? -1]?.text ?? "")) open.pop();
    entry.shorter = open.at(-1) ?? -1;
    open.push(index);
  }
  return entries;
}

function headAt(text: string, at: number): number {
  return ((text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 + text.charCodeAt(at + 2)) & ((1 << 16) - 1);
}

/** How many characters of `literal` stand at a place of a text. */
function common(literal: string, text: string, at: number): number {
  let length = 0;
  while (length < literal.length && literal.charCodeAt(length) === text.charCodeAt(at + length)) length += 1;
  return length;
}

/** The last entry that is, by its order, no greater than what stands there; all that it begins with come before it. */
function lastNotAfter(entries: readonly Entry[], text: string, at: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const literal = entries[middle]?.text ?? "";
    const length = common(literal, text, at);
    const after = length < literal.length && !(literal.charCodeAt(length) < text.charCodeAt(at + length));
    if (after) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}

function isWordAt(text: string, at: number): boolean {
  return at < text.length && /[A-Za-z0-9]/.test(text.charAt(at)) && /[A-Za-z0-9]/.test(text.charAt(at - 1));
}

const BREAK = /(?:\r?\n|\\r\\n|\\n)[ \t]{0,40}(?:[+|>#*] ?)?/y;

/** @returns where the literal ends that stands there with line breaks in it; -1 when it does not */
function wrappedEnd(literal: string, text: string, from: number): number {
  let at = from;
  let breaks = 0;
  for (let index = 0; index < literal.length; index += 1) {
    if (literal.charCodeAt(index) !== text.charCodeAt(at)) {
      if (index < SHORTEST_BEFORE_BREAK) return -1;
      BREAK.lastIndex = at;
      const found = BREAK.exec(text);
      if (!found || literal.charCodeAt(index) !== text.charCodeAt(at + found[0].length)) return -1;
      at += found[0].length;
      breaks += 1;
    }
    at += 1;
  }
  return breaks > 0 ? at : -1;
}
