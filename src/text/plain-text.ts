/** OSC and the like (window titles, links) up to their terminator; CSI (colours, cursor); all other escapes. */
const ESCAPES =
  /\u001b[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]/g;

/**
 * A text that can be shown on any terminal: no escape sequences, no control characters but newline and tab.
 *
 * What models and tools write is not trusted: it could move the cursor, set the title or hide what it says. Node's own
 * `stripVTControlCharacters` is not used because it swallows the text between a colour and a later bell.
 */
export function plainText(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(ESCAPES, "")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
