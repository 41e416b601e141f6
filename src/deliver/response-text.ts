const MAX_BYTES = 64 * 1024;
const MAX_MESSAGE = 300;

/** The beginning of an answer's body, whatever its length; what was read before the connection broke. */
export async function readBounded(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    while (bytes < MAX_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.byteLength;
      text += decoder.decode(value, { stream: true });
    }
    await reader.cancel();
  } catch {
    // The status line already said what became of the request; the rest is only its explanation.
  }
  return text.slice(0, MAX_BYTES);
}

/**
 * What a server said about a request that it did not take, as the end of a sentence: `: Invalid credentials`.
 *
 * @param isPage the text is HTML
 * @param secrets blotted out, should the server repeat what it was sent
 * @returns the empty text when it said nothing
 */
export function serverMessage(text: string, isPage: boolean, secrets: readonly string[]): string {
  const plain = isPage ? text.replace(/<(script|style)[\s\S]*?<\/\1>|<[^>]*>/gi, " ") : messageInJson(text);
  // Blotted out before the cut: half a secret at the end of the message would no longer be found.
  const safe = redact(plain, secrets)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  if (safe === "") return "";
  const cut = safe.length > MAX_MESSAGE ? `${safe.slice(0, MAX_MESSAGE)}…` : safe;
  return `: ${cut.toWellFormed()}`;
}

/** Replaces each secret by `***`. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}

function messageInJson(text: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof json !== "object" || json === null) return String(json);
  if ("message" in json && typeof json.message === "string") return json.message;
  if ("error" in json && typeof json.error === "string") return json.error;
  return text;
}
