/**
 * Runs in opencode's own Bun, with the tap preloaded, as opencode's requests do: asks a provider in ways that a scripted
 * session does not come to. Says on standard output what it got to see, a JSON object.
 *
 * @file argv: the provider's address, and which of the ways below
 */
const [base = "", way = ""] = process.argv.slice(2);

const body = (text: string, more: object = {}): string =>
  JSON.stringify({ model: "m1", messages: [{ role: "user", content: text }], tools: [], ...more });
const ask = (path: string, text: string, init: object = {}): Promise<Response> =>
  fetch(`${base}${path}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-session-affinity": "ses_1" },
    body: body(text),
    ...init,
  });
const read = async (asked: Promise<Response>): Promise<object> => {
  const answer = await asked;
  return { status: answer.status, redirected: answer.redirected, url: answer.url, text: await answer.text() };
};

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  all: async () => ({
    packed: await Promise.all(["gzip", "deflate", "br", "zstd"].map((name) => read(ask(`/packed-${name}`, name)))),
    redirected: await read(ask("/redirected", "redirected")),
    stream: await read(
      ask("/plain", "", {
        body: new ReadableStream({
          start: (to) => {
            to.enqueue(new TextEncoder().encode(body("as a stream")));
            to.close();
          },
        }),
      }),
    ),
    request: await read(
      fetch(new Request(`${base}/plain/v1/chat/completions`, { method: "POST", body: body("as an object") })),
    ),
    bytes: await read(ask("/plain", "", { body: new TextEncoder().encode(body("as bytes ü")) })),
    atOnce: await Promise.all(["one", "two", "three"].map((name) => read(ask("/slow", name)))),
    image: await read(
      ask("/plain", "", { body: body("image", { image: `data:image/png;base64,${"QUJD".repeat(300_000)}` }) }),
    ),
    many: await read(ask("/many", "many")),
  }),
  hanging: async () => {
    const reader = (await ask("/hanging", "hanging")).body?.getReader();
    while (await reader?.read());
  },
};

process.stdout.write(JSON.stringify(await WAYS[way]?.()));

export {};
