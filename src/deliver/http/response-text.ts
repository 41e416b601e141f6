import { attempt } from "../../errors/thrown.js";
import { textForms } from "../../masking/forms.js";
import { fieldsOf } from "../../text/json-fields.js";
import type { Answer } from "./exchange.js";

/** As much of an explanation as a person reads. */
const MAX_EXPLANATION_BYTES = 64 * 1024;
/** An acknowledgement is some 100 bytes, one with a long complaint some KB. */
const MAX_ACKNOWLEDGEMENT_BYTES = 1024 * 1024;
const MAX_MESSAGE = 300;

/**
 * What was read of a body: `whole`; `endless`, longer than any such answer; `broken`, since the connection was closed
 * before its end, or what came cannot be decompressed.
 */
export interface ReadBody {
  readonly kind: "whole" | "endless" | "broken";
  readonly bytes: Uint8Array;
}

/**
 * Reads a body that matters to its last byte.
 *
 * @param most what is longer is not read on; default a megabyte
 */
export async function readWhole(response: Answer, most = MAX_ACKNOWLEDGEMENT_BYTES): Promise<ReadBody> {
  return readUpTo(response, most);
}

/** The beginning of an answer's body, whatever its length; what was read before the connection broke. */
export async function readBounded(response: Answer): Promise<string> {
  // The status line already said what became of the request; the rest is only its explanation.
  const { bytes } = await readUpTo(response, MAX_EXPLANATION_BYTES);
  return new TextDecoder().decode(bytes).slice(0, MAX_EXPLANATION_BYTES);
}

async function readUpTo({ body }: Answer, most: number): Promise<ReadBody> {
  const chunks: Uint8Array[] = [];
  const read = (kind: ReadBody["kind"]): ReadBody => ({ kind, bytes: Buffer.concat(chunks) });
  let size = 0;
  try {
    // To leave the loop closes the connection.
    for await (const chunk of body ?? []) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > most) return read("endless");
    }
  } catch {
    return read("broken");
  }
  return read("whole");
}

/**
 * What a server said about a request that it did not take, as the end of a sentence: `: Invalid credentials`.
 *
 * @param isPage the text is HTML
 * @param secrets blotted out, should the server repeat what it was sent
 * @returns the empty text when it said nothing
 */
export function serverMessage(text: string, isPage: boolean, secrets: readonly string[]): string {
  const plain = isPage ? textOfPage(text) : messageInJson(text);
  // Blotted out before the cut: half a secret at the end of the message would no longer be found.
  const safe = redact(plain, secrets)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    // What comes behind it brings its own full stop.
    .replace(/(?<!\.)\.$/, "");
  return safe === "" ? "" : `: ${bounded(safe)}`;
}

/** So much of what a server said as a line can hold. */
export function bounded(text: string): string {
  return (text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text).toWellFormed();
}

/**
 * A page without its tags, scripts and styles. Goes through the text once: one regular expression for all would take
 * seconds for a page that was made for that.
 */
function textOfPage(page: string): string {
  // Not toLowerCase: it makes some letters longer, and then the places differ.
  const lower = page.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  let text = "";
  let at = 0;
  while (at < page.length) {
    const tag = page.indexOf("<", at);
    if (tag < 0) return text + page.slice(at);
    text += `${page.slice(at, tag)} `;
    const hidden = ["script", "style"].find((name) => lower.startsWith(name, tag + 1));
    const end = hidden === undefined ? tag : lower.indexOf(`</${hidden}`, tag);
    const close = end < 0 ? -1 : page.indexOf(">", end);
    if (close < 0) return text;
    at = close + 1;
  }
  return text;
}

/** Replaces each secret by `***`, however it is written there: a server may repeat it as JSON or percent-encoded. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets.flatMap(textForms).reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}

function messageInJson(text: string): string {
  const json: unknown = attempt(() => JSON.parse(text));
  if (json === undefined) return text;
  if (typeof json !== "object" || json === null) return String(json);
  const { message, error } = fieldsOf(json);
  return [message, error, text].find((said) => typeof said === "string") ?? text;
}
