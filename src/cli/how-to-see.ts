import { isSessionId } from "../opencode/session.js";
import { oneLine } from "../text/terminal-text.js";

/**
 * How to look at what was sent nowhere. A session of opencode's was kept beside; of a file, or of standard
 * input, nothing was.
 *
 * @param sources session ids, files or `-`, as they were typed
 */
export function howToSee(sources: readonly string[]): string {
  const kept = sources.every(isSessionId) ? "" : "Of a file nothing is kept either: ";
  const [only] = sources.length === 1 ? sources : [];
  return only === undefined
    ? `${kept}\`looptrace show\` shows the traces, given the same.`
    : `${kept}\`looptrace show ${shellWord(oneLine(only))}\` shows the trace.`;
}

/** As a shell takes it for one word, and looptrace for no option. */
export function shellWord(text: string): string {
  const word = text.startsWith("-") && text !== "-" ? `./${text}` : text;
  return /^[\w./:@%+=~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
