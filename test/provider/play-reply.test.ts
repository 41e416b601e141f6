import { afterEach, describe, expect, test } from "vitest";
import { ask, closeProviders, providerFor, replying } from "./ask-provider.js";

afterEach(closeProviders);

describe("a fault", () => {
  const faulty = (fault: object, more: object = { text: "one two three four" }) => replying({ ...more, fault });

  test("status: code, headers and JSON body", async () => {
    const provider = await faulty({
      type: "status",
      status: 429,
      headers: { "retry-after-ms": "700" },
      body: { error: { code: "rate_limit_exceeded" } },
    });
    const response = await ask(provider);
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after-ms")).toBe("700");
    expect(await response.json()).toEqual({ error: { code: "rate_limit_exceeded" } });
    expect(provider.requests[0]).toMatchObject({ outcome: "status", status: 429 });
    expect(provider.unforeseen()).toEqual([]);
  });

  test("status: a raw HTML body", async () => {
    const provider = await faulty({ type: "status", status: 502, body: "<h1>Bad gateway</h1>" });
    const response = await ask(provider);
    expect(response.headers.get("content-type")).toBe("text/html");
    expect(await response.text()).toBe("<h1>Bad gateway</h1>");
  });

  test("status: the connection stays where that of an answer is closed", async () => {
    const replies = [{ text: "one", fault: { type: "status", status: 429, body: {} } }, { text: "two" }];
    const provider = await providerFor({ lanes: [{ name: "main", replies }] }, { strangers: new Set() });
    const answers = [await ask(provider), await ask(provider)];
    for (const answer of answers) await answer.text();
    expect(answers.map(({ status, headers }) => [status, headers.get("connection")])).toEqual([
      [429, "keep-alive"],
      [200, "close"],
    ]);
  });

  test("reset before the headers", async () => {
    const provider = await faulty({ type: "reset", at: "before-headers" });
    await expect(ask(provider)).rejects.toThrow("fetch failed");
    expect(provider.requests[0]).toMatchObject({ outcome: "reset" });
    expect(provider.requests[0]?.headersSent).toBeUndefined();
  });

  test("reset in the middle of the stream", async () => {
    const provider = await faulty({ type: "reset", at: "mid-stream" }, { text: "one two three four", chunkMs: 50 });
    const { received, ended } = await readAll(await ask(provider));
    expect(ended).toBe("broken");
    expect(received).toContain('"content":"one t"');
    expect(received).not.toContain("our");
    expect(provider.requests[0]?.outcome).toBe("reset");
  });

  test("reset in the middle of a tool call", async () => {
    const toolCalls = [{ name: "bash", arguments: { command: "true" }, chunks: 2 }];
    const provider = await faulty({ type: "reset", at: "mid-tool-call" }, { text: "I try", toolCalls, chunkMs: 50 });
    const { received, ended } = await readAll(await ask(provider));
    expect(ended).toBe("broken");
    expect(received).toContain('"name":"bash"');
    expect(received).not.toContain("true");
  });

  test("hang before the headers lasts until the provider closes", async () => {
    const provider = await faulty({ type: "hang", at: "before-headers" });
    const pending = expect(ask(provider)).rejects.toThrow("fetch failed");
    await expect.poll(() => provider.requests[0]?.outcome).toBe("hung");
    await provider.close();
    await pending;
    expect(provider.requests[0]?.headersSent).toBeUndefined();
  });

  test("hang in the middle of the stream lasts until the client gives up", async () => {
    const provider = await faulty({ type: "hang", at: "mid-stream" });
    const response = await ask(provider);
    await expect.poll(() => provider.requests[0]?.outcome).toBe("hung");
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  test("cut: the content without a finish", async () => {
    const provider = await faulty({ type: "cut" });
    const stream = await (await ask(provider)).text();
    expect(stream).toContain('"content":"our"');
    expect(stream).not.toContain("[DONE]");
    expect(stream).not.toContain('"finish_reason":"stop"');
    expect(provider.requests[0]?.outcome).toBe("cut");
  });

  test("an error in the stream, named when it has a type", async () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    const provider = await faulty({ type: "sse-error", frame: error });
    const stream = await (await ask(provider, { path: "/v1/messages" })).text();
    expect(stream).toContain(`event: error\ndata: ${JSON.stringify(error)}\n\n`);
    expect(stream).not.toContain("message_stop");
    const bare = await faulty({ type: "sse-error", frame: { error: { message: "exploded" } } });
    expect(await (await ask(bare)).text()).toContain('\n\ndata: {"error":{"message":"exploded"}}\n\n');
  });

  test("a malformed chunk", async () => {
    const provider = await faulty({ type: "malformed", data: '{"id":' });
    expect(await (await ask(provider)).text()).toMatch(/data: \{"id":\n\n$/);
  });

  test("an empty body", async () => {
    const provider = await faulty({ type: "empty-body" }, {});
    const response = await ask(provider);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    expect(provider.requests[0]).toMatchObject({ outcome: "empty-body" });
  });

  test("a client that goes away is recorded", async () => {
    const provider = await replying({ delayMs: 60_000, text: "too late" });
    const impatient = new AbortController();
    const pending = fetch(`${provider.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "m1", messages: [{ role: "user", content: "hello" }] }),
      signal: impatient.signal,
    });
    await provider.arrivalOf(1);
    impatient.abort();
    await expect(pending).rejects.toThrow();
    await expect.poll(() => provider.requests[0]?.outcome).toBe("client-closed");
  });
});

/** Reads until the end or the break, keeping what came before it. */
async function readAll(response: Response): Promise<{ received: string; ended: "regularly" | "broken" }> {
  let received = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) received += decoder.decode(chunk, { stream: true });
    return { received, ended: "regularly" };
  } catch {
    return { received, ended: "broken" };
  }
}
