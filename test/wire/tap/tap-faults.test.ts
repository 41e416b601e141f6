import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadTap, STATEMENTS } from "../../support/loaded-tap.js";

const root = mkdtempSync(join(tmpdir(), "tap-faults-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const PIECES = ["data: one\n\n", "data: zwei ü\n\n", "data: [DONE]\n\n"];

/** A provider in this process, which logs what it is sent. */
function provider(): { readonly fetch: typeof fetch; readonly log: string[] } {
  const log: string[] = [];
  const answerWith = (body: ConstructorParameters<typeof Response>[0], status = 200) =>
    new Response(body, { status, headers: { "content-type": "text/event-stream", "x-request-id": "req_1" } });
  return {
    log,
    fetch: async (input, init) => {
      const url = String(input);
      log.push(`${init?.method ?? "GET"} ${url} ${String(init?.body)}`);
      if (url.includes("refused")) throw new TypeError("refused");
      if (url.includes("broken"))
        return answerWith(
          new ReadableStream({
            start: (to) => to.enqueue(new TextEncoder().encode(PIECES[0])),
            pull: (to) => to.error(new Error("reset")),
          }),
        );
      if (url.includes("empty")) return answerWith(null, 204);
      const pieces = PIECES.map((piece) => new TextEncoder().encode(piece));
      return answerWith(
        new ReadableStream(
          { pull: (to) => (pieces.length > 0 ? to.enqueue(pieces.shift() ?? new Uint8Array()) : to.close()) },
          { highWaterMark: 0 },
        ),
        url.includes("429") ? 429 : 200,
      );
    },
  };
}

const body = (text: string): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", "x-session-affinity": "ses_1", authorization: "Bearer sk-none" },
  body: JSON.stringify({ model: "m", messages: [{ role: "user", content: text }], tools: [] }),
});

/** Everything that opencode does with answers; what it gets to see of them. */
async function use(fetched: typeof fetch): Promise<readonly unknown[]> {
  const at = (path: string): string => `http://provider/v1/${path}chat/completions`;
  const said = async (work: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await work();
    } catch (error) {
      return String(error);
    }
  };
  return [
    await said(async () => await (await fetched(at(""), body("first"))).text()),
    await said(async () => {
      const answer = await fetched(at(""), body("first, then second"));
      const chunks: string[] = [];
      const reader = answer.body?.getReader();
      for (let read = await reader?.read(); read && !read.done; read = await reader?.read())
        chunks.push(new TextDecoder().decode(read.value));
      return [answer.status, answer.ok, answer.headers.get("x-request-id"), chunks];
    }),
    await said(async () => {
      const answer = await fetched(at("429/"), body("third"));
      return [answer.status, await answer.clone().text(), await answer.text()];
    }),
    await said(async () => {
      const reader = (await fetched(at(""), body("half"))).body?.getReader();
      const first = await reader?.read();
      await reader?.cancel("enough");
      return first?.value?.length;
    }),
    await said(async () => (await fetched(at("broken/"), body("x"))).text()),
    await said(async () => fetched(at("refused/"), body("x"))),
    await said(async () => (await fetched(at("empty/"), body("x"))).status),
    await said(async () => (await fetched("http://other/models.json")).text()),
    await said(async () => (await fetched("not an address", { method: "POST", body: "{}" })).text()),
  ];
}

async function played(onStatement?: (number: number) => void) {
  const { fetch: original, log } = provider();
  const folder = mkdtempSync(join(root, "run-"));
  const env = { LOOPTRACE_WIRE_FOLDER: folder, BUN_INSPECT_PRELOAD: "/tap" };
  const tap = loadTap({ env, fetch: original, ...(onStatement ? { onStatement } : {}) });
  const seen = await use(tap.fetch);
  return { seen, log, folder };
}

const bare = provider();
const expected = await use(bare.fetch);

test("what opencode sees is what it would see without", async () => {
  const { seen, log, folder } = await played();
  expect(seen).toEqual(expected);
  expect(log).toEqual(bare.log);
  const [name = ""] = readdirSync(folder);
  const lines = readFileSync(join(folder, name), "utf8").split("\n");
  expect(lines.filter((line) => line.startsWith('{"t":"request"'))).toHaveLength(7);
});

test("with a fault in any of its statements too", async () => {
  expect(STATEMENTS.length).toBeGreaterThan(100);
  const reached = new Set<number>();
  for (const faulty of STATEMENTS.keys()) {
    const { seen, log } = await played((number) => {
      if (number !== faulty) return;
      reached.add(number);
      throw new Error(`a fault in statement ${number}`);
    });
    expect({ faulty, seen, log }).toEqual({ faulty, seen: expected, log: bare.log });
  }
  expect(reached.size).toBeGreaterThan(STATEMENTS.length * 0.8);
});
