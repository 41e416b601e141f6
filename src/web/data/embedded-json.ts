import { terminalJson } from "../../text/terminal-json.js";

/** What could end a script element or begin a comment in it, and what ends a line or turns a text round in an editor. */
const SPECIAL = /[<>&\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g;

/**
 * JSON that can stand in a `<script type="application/json">`: a parser gets the very same value, and no text in
 * it, neither `</script>` nor `<!--`, means anything to an HTML parser.
 */
export function embeddedJson(value: unknown): string {
  return terminalJson(value, 0, SPECIAL);
}
