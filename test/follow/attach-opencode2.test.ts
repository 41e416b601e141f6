import { describe, expect, onTestFinished, test } from "vitest";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { type AttachOptions, attachTo, type UnfinishedSession } from "../../src/follow/attach.js";
import { authorization } from "../../src/opencode/server/connection.js";
import type { StreamTrouble, WorkingSession } from "../../src/opencode/server.js";
import { storedSession } from "../../src/sessions/session-store.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { langfuseAt } from "../support/destinations.js";
import {
  type Opencode2Server,
  type Opencode2ServerOptions,
  startOpencode2Server,
} from "../support/opencode2-server.js";
import { runs, says, type Turn, type TurnTool } from "../support/opencode2-turns.js";
import { patiently } from "../support/patience.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

async function started(options: Partial<Opencode2ServerOptions> = {}): Promise<Opencode2Server> {
  const server = await startOpencode2Server({ password: "secret", ...options });
  onTestFinished(() => server.close());
  return server;
}

async function attached(server: Opencode2Server, options: Partial<AttachOptions> = {}) {
  const paths = options.paths ?? (await temporaryStore());
  const ending = new AbortController();
  const told: LoopTrace[] = [];
  const notes: string[] = [];
  const troubles: StreamTrouble[] = [];
  let connections = 0;
  let working = (): readonly WorkingSession[] => [];
  const following = attachTo({
    connection: server.connection,
    ...{ exporter: new TraceExporter({ destinations: [] }), paths, masking: undefined, live: true },
    signal: ending.signal,
    onConnected: () => {
      connections += 1;
    },
    onTrouble: (trouble) => troubles.push(trouble),
    onChange: (now) => {
      working = now;
    },
    onNote: (note) => notes.push(note),
    onTurn: (trace) => told.push(trace),
    ...options,
  });
  const end = async (): Promise<readonly UnfinishedSession[]> => {
    ending.abort();
    return await following;
  };
  onTestFinished(async () => void (await end()));
  await expect.poll(() => connections).toBe(1);
  const back = () => expect.poll(() => connections).toBeGreaterThan(1);
  return { told, notes, troubles, paths, end, back, working: () => working() };
}

async function post(server: Opencode2Server, path: string, body: object = {}): Promise<unknown> {
  const headers = { ...authorization(server.connection), "content-type": "application/json" };
  const answer = await fetch(`${server.connection.url}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return text === "" ? undefined : JSON.parse(text);
}

async function newSession(server: Opencode2Server, more: object = {}): Promise<string> {
  const { data } = (await post(server, "/api/session", more)) as { readonly data: { readonly id: string } };
  return data.id;
}

/** Says something to a session. A turn is its own answer, see the stand-in. */
async function say(server: Opencode2Server, sessionId: string, turn: Turn): Promise<void> {
  await post(server, `/api/session/${sessionId}/prompt`, { text: JSON.stringify(turn) });
}

const atRest = (server: Opencode2Server, id: string) =>
  expect.poll(() => server.sessions().get(id)?.messages.at(-1)?.type).toBe("idle");
const atWork = (server: Opencode2Server, id: string) =>
  expect.poll(() => server.sessions().get(id)?.messages.at(-1)?.type).toBe("assistant");

const outline = (told: readonly LoopTrace[]) =>
  told.map(({ loop }) => [loop.sessionId, loop.outcome, loop.steps.map(({ kind }) => kind)]);
const hanging: Turn = { steps: [{ text: "Hm", hangs: true }] };
const interrupt = (server: Opencode2Server, id: string) => post(server, `/api/session/${id}/interrupt`);

test("each turn on a server of opencode 2 is told once when it is over, in two sessions at once", async () => {
  const server = await started();
  const { told, notes } = await attached(server);
  const [one, two] = [await newSession(server), await newSession(server)];
  await say(server, one, hanging);
  await atWork(server, one);
  await say(server, two, says("Two."));
  await expect.poll(() => told.length).toBe(1);
  await interrupt(server, one);
  await expect.poll(() => told.length).toBe(2);
  await say(server, two, runs([{ name: "shell", input: { command: "make" }, output: "made" }]));
  await expect.poll(() => told.length).toBe(3);
  expect(outline(told)).toEqual([
    [two, "completed", ["answer"]],
    [one, expect.any(String), ["answer"]],
    [two, "completed", ["answer", "answer"]],
  ]);
  expect(new Set(told.map(({ loop }) => loop.userMessageId)).size).toBe(3);
  expect(notes).toEqual([]);
});

test("failed requests and the wait for a permission are kept with the turn", async () => {
  const server = await started();
  const { told, paths } = await attached(server);
  const id = await newSession(server);
  const error = { type: "provider.rate-limit", message: "Too many requests", status: 429 };
  const asks = { action: "shell", resources: ["make"] };
  await say(server, id, {
    steps: [
      { text: "I make it.", retries: [{ error, waitMs: 5 }], tools: [{ name: "shell", input: {}, output: "", asks }] },
      { text: "Done." },
    ],
  });
  const waiting = async (): Promise<readonly { readonly id: string }[]> => {
    const headers = authorization(server.connection);
    const answer = await fetch(`${server.connection.url}/api/session/${id}/permission`, { headers });
    return ((await answer.json()) as { readonly data: readonly { readonly id: string }[] }).data;
  };
  await expect.poll(waiting).toHaveLength(1);
  const [permission] = await waiting();
  await post(server, `/api/session/${id}/permission/${permission?.id}/reply`, { decision: "once" });
  await expect.poll(() => told.length).toBe(1);
  expect((await storedSession(paths, id))?.runs).toMatchObject([
    {
      exit: { kind: "served" },
      retries: [{ attempt: 1, reason: "Too many requests" }],
      permissions: [{ permission: "shell", answer: "once" }],
    },
  ]);
  expect(told[0]?.loop.totals.retries).toBe(1);
});

test.each([false, true])("a subagent belongs to its turn, in the background: %s", async (background) => {
  const server = await started();
  const { told } = await attached(server);
  const id = await newSession(server);
  const child: Turn = { steps: [{ text: "Found.", waitMs: 60 }] };
  const tool: TurnTool = { name: "subagent", input: { description: "Looks", prompt: "Look." }, child, background };
  await say(server, id, runs([tool]));
  await expect.poll(() => told.length).toBeGreaterThan(0);
  await say(server, id, says("The last one."));
  await expect.poll(() => told.at(-1)?.loop.output).toBe("The last one.");
  expect(new Set(told.map(({ loop }) => loop.sessionId))).toEqual(new Set([id]));
  expect(new Set(told.map(({ loop }) => loop.userMessageId)).size).toBe(told.length);
  const [turn] = told.map(({ loop }) => loop);
  expect(turn?.totalsWithSubagents.steps).toBe((turn?.totals.steps ?? 0) + 1);
});

test("a prompt that opencode failed on before it asked a model is a failed turn", async () => {
  const server = await started();
  const { told } = await attached(server);
  const id = await newSession(server);
  await say(server, id, { refused: { type: "provider.no-route", message: "Model not found: scripted/nope" } });
  await expect.poll(() => told.length).toBe(1);
  expect(outline(told)).toEqual([[id, "failed", expect.anything()]]);
});

describe("a break of the stream loses no turn", () => {
  test("that was at work, or begun and over meanwhile", async () => {
    // Updated long ago, as far as the server says: it is asked for because it was at work.
    const one = "ses_ddafed8d0ffd0001OldSession";
    const time = { created: 1_000, updated: 1_000 };
    const server = await started({ sessions: [{ info: { id: one, projectID: "global", time }, messages: [] }] });
    const { told, back, working } = await attached(server);
    const two = await newSession(server);
    await say(server, one, hanging);
    await expect.poll(working).toMatchObject([{ id: one, isAnswering: true }]);
    server.fail(/GET \/api\/event/, 2, 503);
    server.cut();
    await interrupt(server, one);
    await say(server, two, says("Two."));
    await atRest(server, one);
    await atRest(server, two);
    await back();
    await expect.poll(() => told.length).toBe(2);
    expect(
      outline(told)
        .map(([id]) => id)
        .sort(),
    ).toEqual([one, two].sort());
    await say(server, one, says("More."));
    await expect.poll(() => told.length).toBe(3);
    expect(told.at(-1)?.loop.output).toBe("More.");
  });

  test("that goes on after it", async () => {
    const server = await started();
    const { told, back } = await attached(server);
    const id = await newSession(server);
    await say(server, id, hanging);
    await atWork(server, id);
    server.cut();
    await back();
    expect(told).toEqual([]);
    await interrupt(server, id);
    await expect.poll(() => told.length).toBe(1);
    await say(server, id, says("More."));
    await expect.poll(() => told.length).toBe(2);
    expect(new Set(told.map(({ loop }) => loop.userMessageId)).size).toBe(2);
  });
});

test("a session that is at work at the start is followed, and no turn that was over before", async () => {
  const server = await started();
  const [over, id] = [await newSession(server), await newSession(server)];
  await say(server, over, says("Over."));
  await atRest(server, over);
  await say(server, id, hanging);
  await atWork(server, id);
  const { told } = await attached(server);
  await interrupt(server, id);
  await expect.poll(() => told.length).toBe(1);
  expect(outline(told).map(([session]) => session)).toEqual([id]);
});

test("what is closed of a turn goes out while it runs, and once; at the end what is at work is kept", async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const exporter = new TraceExporter({ destinations: [langfuseAt(receiver.url)], paths });
  const server = await started();
  const { end } = await attached(server, { exporter, paths });
  const id = await newSession(server);
  const made: TurnTool = { name: "shell", input: { command: "make" }, output: "made" };
  await say(server, id, {
    steps: [
      { text: "I make it.", tools: [made] },
      { text: "It is", hangs: true },
    ],
  });
  const names = (): readonly string[] => receiver.spans().map(({ name }) => name);
  await expect.poll(names, { timeout: patiently(5_000) }).toContain("llm-call-0");
  expect(await end()).toEqual([{ sessionId: id, stored: true }]);
  expect(names().filter((name) => name === "llm-call-0")).toHaveLength(1);
  expect((await storedSession(paths, id))?.sessions).toHaveLength(1);
});

describe("a server that goes away", () => {
  test("is waited for; a turn that it took with it is kept", async () => {
    const server = await started();
    const { told, troubles, end, working } = await attached(server);
    const id = await newSession(server);
    await say(server, id, hanging);
    await expect.poll(working).toMatchObject([{ id, step: 0, isAnswering: true }]);
    await server.shutdown();
    await expect.poll(() => troubles.map(({ kind }) => kind)).toContain("unreachable");
    expect(await end()).toEqual([{ sessionId: id, stored: true }]);
    expect(told).toEqual([]);
  });
});

test("a wrong password is told as such", async () => {
  const server = await started();
  const ending = new AbortController();
  const troubles: StreamTrouble[] = [];
  await attachTo({
    connection: { ...server.connection, password: "wrong" },
    exporter: new TraceExporter({ destinations: [] }),
    ...{ paths: await temporaryStore(), masking: undefined, live: true, signal: ending.signal },
    onTrouble: (trouble) => {
      troubles.push(trouble);
      ending.abort();
    },
    onTurn: () => expect.unreachable(),
  });
  expect(troubles.map(({ kind }) => kind)).toEqual(["unauthorized"]);
});

describe("only what is wanted is followed", () => {
  test("one session", async () => {
    const server = await started();
    const [one, two] = [await newSession(server), await newSession(server)];
    const { told } = await attached(server, { session: two });
    for (const id of [one, two]) await say(server, id, says("Yes."));
    await expect.poll(() => told.length).toBe(1);
    expect(told[0]?.loop.sessionId).toBe(two);
  });

  test("one that is not there yet is waited for, with a note", async () => {
    const server = await started();
    const { notes } = await attached(server, { session: "ses_unknown" });
    expect(notes).toEqual(["The server has no session ses_unknown (yet); waiting for it."]);
  });

  test("one directory", async () => {
    const server = await started({ directory: "/elsewhere" });
    const { told } = await attached(server, { directory: "/here" });
    const other = await newSession(server);
    const id = await newSession(server, { location: { directory: "/here" } });
    for (const one of [other, id]) await say(server, one, says("Yes."));
    await expect.poll(() => told.length).toBe(1);
    expect(told[0]?.loop.sessionId).toBe(id);
  });
});
