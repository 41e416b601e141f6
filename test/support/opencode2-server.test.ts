import { describe, expect, it } from "vitest";
import { authorization } from "../../src/opencode/server/connection.js";
import type { Mirror2, RawMessage2 } from "../../src/opencode/v2/server/session-mirror.js";
import { recordedTurn, recording, recordings } from "./opencode2-recordings.js";
import { type Opencode2Server, type Opencode2ServerOptions, startOpencode2Server } from "./opencode2-server.js";
import { runs, says } from "./opencode2-turns.js";
import { onTestFinished } from "./side-by-side.js";

describe("the stand-in for a server of opencode 2", () => {
  it.each(recordings())(
    "tells a recorded turn so that the session becomes the recorded one: $name",
    async ({ name }) => {
      const { sessions, sessionId } = recording(name);
      const server = await started({ turns: [recordedTurn(name)] });
      const id = await prompted(server, "Go.");
      const read = await messagesOf(server, id);
      const [recorded] = sessions;
      const own = (messages: readonly RawMessage2[] = []): string =>
        JSON.stringify(messages.filter(({ type }) => type === "assistant").map(withoutTimes)).replaceAll(sessionId, id);
      expect(own(read)).toBe(own(recorded?.messages));
      expect(read.at(-1)).toMatchObject({ type: "idle", outcome: recorded?.info.outcome });
    },
  );

  it("gives out pages whose cursors lead on, and none with an order beside its cursor", async () => {
    const server = await started({ turns: [says("Yes.")] });
    const id = await prompted(server, "Is it?");
    const first = await get(server, `/api/session/${id}/message?order=asc&limit=2`);
    const { data, cursor } = first.json as {
      readonly data: readonly RawMessage2[];
      readonly cursor: { readonly next: string };
    };
    const second = await get(server, `/api/session/${id}/message?limit=2&cursor=${cursor.next}`);
    const pages = [...data, ...(second.json as { readonly data: readonly RawMessage2[] }).data];
    expect(pages.map(({ type }) => type)).toEqual(["user", "assistant", "idle"]);
    expect((await get(server, `/api/session/${id}/message?order=asc&cursor=${cursor.next}`)).status).toBe(400);
  });

  it("lets in who knows the password, and keeps a turn's claim when it is shut down, but not when it is interrupted", async () => {
    const server = await started({ turns: [{ steps: [{ text: "Hm", hangs: true }] }] });
    const stranger = await fetch(`${server.connection.url}/api/info`);
    expect(stranger.status).toBe(401);
    const [left, ended] = [await session(server), await session(server)];
    for (const id of [left, ended]) await post(server, `/api/session/${id}/prompt`, { text: "Go." });
    await expect.poll(() => server.claims.size).toBe(2);
    expect((await post(server, `/api/session/${ended}/interrupt`)).json).toEqual({ interrupted: true });
    await post(server, `/api/experimental/session/${ended}/wait`);
    expect([...server.claims]).toEqual([left]);
    await server.shutdown();
    expect([...server.claims]).toEqual([left]);
    expect(outcomesIn(server.sessions(), left)).toEqual([]);
    expect(outcomesIn(server.sessions(), ended)).toEqual(["interrupted"]);
  });

  it("waits for permissions, and goes on when one is refused", async () => {
    const asks = { action: "shell", resources: ["ls"] };
    const server = await started({ turns: [runs([{ name: "shell", input: { command: "ls" }, asks }])] });
    const id = await session(server);
    await post(server, `/api/session/${id}/prompt`, { text: "Go." });
    const waiting = async () => {
      const { json } = await get(server, `/api/session/${id}/permission`);
      return (json as { readonly data: readonly { readonly id: string }[] }).data;
    };
    await expect.poll(async () => (await waiting()).length).toBe(1);
    const [request] = await waiting();
    expect((await post(server, `/api/session/${id}/permission/${request?.id}/reply`, { reply: "once" })).status).toBe(
      400,
    );
    await post(server, `/api/session/${id}/permission/${request?.id}/reply`, { decision: "reject" });
    await post(server, `/api/experimental/session/${id}/wait`);
    const messages = await messagesOf(server, id);
    expect(JSON.stringify(messages)).toContain("permission.rejected");
    expect(outcomesIn(server.sessions(), id)).toEqual(["succeeded"]);
  });
});

async function started(options: Omit<Opencode2ServerOptions, "password">): Promise<Opencode2Server> {
  const server = await startOpencode2Server({ password: "secret", ...options });
  onTestFinished(() => server.close());
  return server;
}

async function ask(server: Opencode2Server, method: string, path: string, body?: object) {
  const response = await fetch(`${server.connection.url}${path}`, {
    method,
    headers: authorization(server.connection),
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  const json: unknown = text === "" ? undefined : JSON.parse(text);
  return { status: response.status, json };
}

const get = (server: Opencode2Server, path: string) => ask(server, "GET", path);
const post = (server: Opencode2Server, path: string, body?: object) => ask(server, "POST", path, body);

async function session(server: Opencode2Server): Promise<string> {
  const { json } = await post(server, "/api/session", { model: { id: "m1", providerID: "scripted" } });
  return (json as { readonly data: { readonly id: string } }).data.id;
}

async function prompted(server: Opencode2Server, text: string): Promise<string> {
  const id = await session(server);
  await post(server, `/api/session/${id}/prompt`, { text });
  await expect.poll(() => outcomesIn(server.sessions(), id).length).toBe(1);
  return id;
}

async function messagesOf(server: Opencode2Server, id: string): Promise<readonly RawMessage2[]> {
  const { json } = await get(server, `/api/session/${id}/message?order=asc&limit=200`);
  return (json as { readonly data: readonly RawMessage2[] }).data;
}

function outcomesIn(mirror: Mirror2, id: string): readonly unknown[] {
  const idle = (mirror.get(id)?.messages ?? []).filter(({ type }) => type === "idle");
  return idle.map(({ outcome }) => outcome);
}

/** A message in the order of the fields' names, without when it was. */
function withoutTimes(message: object): unknown {
  if (Array.isArray(message)) return message.map(withoutTimes);
  return Object.fromEntries(
    Object.entries(message)
      .filter(([name]) => name !== "time" && name !== "metadata")
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, typeof value === "object" && value !== null ? withoutTimes(value) : value]),
  );
}
