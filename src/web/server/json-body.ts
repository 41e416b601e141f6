/**
 * The JSON of a request's body.
 *
 * @param mostBytes what is longer is read to its end all the same, and thrown away: a client that is still sending when
 *   the connection ends never sees the answer
 * @returns undefined where it is too long; null where it is no JSON
 */
export async function jsonBody(body: AsyncIterable<Buffer>, mostBytes: number): Promise<unknown> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes <= mostBytes) chunks.push(chunk);
    else chunks = [];
  }
  if (bytes > mostBytes) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return null;
  }
}
