/**
 * Controls but tab and line feed, delete, C1 controls (a terminal may take them for escapes), direction marks, line
 * separators, byte order marks.
 */
const STEERING = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g;

/**
 * JSON that can be shown on any terminal: a parser gets the very same value, but what steers terminals stands
 * there in the escaped form. `JSON.stringify` itself escapes what is below U+0020 and lone surrogates only.
 *
 * @param indent spaces for each level; with 0 all is on one line
 * @param escaped all characters that are not to stand there as they are
 */
export function terminalJson(value: unknown, indent = 2, escaped = STEERING): string {
  return jsonForTerminal(JSON.stringify(value, undefined, indent) ?? "null", escaped);
}

/**
 * A text of JSON as it can be shown on any terminal. What steers terminals can stand in its strings only, so that a
 * parser reads the very same value from the escaped form.
 */
export function jsonForTerminal(json: string, escaped = STEERING): string {
  return json.replace(escaped, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
