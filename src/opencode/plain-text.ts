import { stripVTControlCharacters } from "node:util";

/**
 * A text that can be shown on any terminal: no escape sequences, no control characters but newline and tab.
 *
 * What models and tools write is not trusted: it could move the cursor, set the title or hide what it says.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text.replaceAll("\r\n", "\n")).replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    "",
  );
}
