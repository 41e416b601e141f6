import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import type { ServerEvent } from "../../../src/opencode/schema/server-event.js";
import { followEvents, type StreamTrouble } from "../../../src/opencode/server/event-stream.js";
import { freePort } from "../../../src/opencode/server/free-port.js";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server that answers the n-th request with the n-th of these, the last one for ever. */
async function serving(answers: readonly Answer[], port = 0) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(request);
    answer?.(request, response);
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  return { url: `http://127.0.0.1:${address.port}`, requests };
}

function stream(response: ServerResponse, ...events: readonly unknown[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
}

const connected = { type: "server.connected", properties: {} };
const idle = (sessionID: string) => ({ type: "session.idle", properties: { sessionID } });

interface Following {
  readonly events: { readonly event: ServerEvent; readonly directory: string | undefined }[];
  readonly connects: boolean[];
  readonly troubles: StreamTrouble[];
  end(): Promise<void>;
}

/** Follows until `enough` says so, or until it is ended. */
async function follow(
  url: string,
  enough: (so: Following) => boolean,
  more: Partial<Record<"directory" | "password", string>> & Partial<Record<"silenceMs" | "paceMs", number>> = {},
): Promise<Following> {
  const { password, ...options } = more;
  const abort = new AbortController();
  let reached = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const look = (): void => {
    if (enough(so)) reached();
  };
  const so: Following = {
    events: [],
    connects: [],
    troubles: [],
    end: async () => {
      abort.abort();
      await ended;
    },
  };
  const ended = followEvents(
    { url, password },
    {
      ...options,
      firstWaitMs: 5,
      signal: abort.signal,
      onEvent: (event, directory) => {
        so.events.push({ event, directory });
        look();
      },
      onConnected: (first) => {
        so.connects.push(first);
        look();
      },
      onTrouble: (trouble) => {
        so.troubles.push(trouble);
        look();
      },
    },
  );
  closing.push(so.end);
  await done;
  return so;
}

test("reads what it knows, and leaves out what it does not know and what is malformed", async () => {
  const { url, requests } = await serving([
    (_, response) => {
      stream(
        response,
        connected,
        { type: "plugin.added", properties: { id: "x" } },
        { type: "session.idle", properties: { sessionID: 7 } },
        "no event",
        { id: "evt_1fe340d02001osor1BGqB9pTLU", ...idle("ses_1") },
      );
      response.write(": a comment\nevent: message\ndata: {nonsense}\n\n");
      const text = Buffer.from(`data: ${JSON.stringify(idle("ses_€"))}\r\n\r\n`);
      const cut = text.indexOf(0xe2) + 1;
      response.write(text.subarray(0, cut));
      setTimeout(() => response.write(text.subarray(cut)), 20);
    },
  ]);
  const { events } = await follow(url, (so) => so.events.length === 2, {
    directory: "/a b/ö",
    password: "sesame",
  });
  expect(events.map(({ event }) => event.properties)).toEqual([{ sessionID: "ses_1" }, { sessionID: "ses_€" }]);
  expect(events[0]?.event.at).toBe(1795266186498);
  const [request] = requests;
  expect(new URL(request?.url ?? "", url).searchParams.get("directory")).toBe("/a b/ö");
  expect(request?.headers.authorization).toBe(`Basic ${Buffer.from("opencode:sesame").toString("base64")}`);
});

test("at a pace of its own it reads all that came meanwhile, in its order, and more than a connection holds", async () => {
  const ids = Array.from({ length: 300 }, (_, index) => `ses_${index}`);
  const dated = (sessionID: string) => ({ id: "evt_1fe340d02001osor1BGqB9pTLU", ...idle(sessionID) });
  const { url } = await serving([
    (_, response) => {
      stream(response, connected, dated("ses_first"));
      const padding = "x".repeat(10_000);
      for (const one of ids) response.write(`: ${padding}\ndata: ${JSON.stringify(dated(one))}\n\n`);
      response.end();
    },
    (_, response) => stream(response, connected),
  ]);
  const so = await follow(url, ({ connects }) => connects.length === 2, { paceMs: 20 });
  expect(so.events.map(({ event }) => event.properties)).toEqual(
    ["ses_first", ...ids].map((sessionID) => ({ sessionID })),
  );
  expect(so.troubles.map(({ kind }) => kind)).toEqual(["ended"]);
});

test("what came before a connection was reset is taken, also while an event before it is being taken", async () => {
  const dated = (sessionID: string) => ({ id: "evt_1fe340d02001osor1BGqB9pTLU", ...idle(sessionID) });
  let reset = async (): Promise<void> => undefined;
  const { url } = await serving([
    (request, response) => {
      stream(response, connected, dated("ses_first"));
      reset = async () => {
        for (const one of ["ses_second", "ses_third"]) response.write(`data: ${JSON.stringify(dated(one))}\n\n`);
        // It is written to the connection when this is over.
        setImmediate(() => request.socket.resetAndDestroy());
        await once(request.socket, "close");
        for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate);
      };
    },
    (_, response) => stream(response, connected),
  ]);
  const abort = new AbortController();
  const taken: unknown[] = [];
  const troubles: string[] = [];
  await followEvents(
    { url, password: undefined },
    {
      ...{ signal: abort.signal, paceMs: 20, firstWaitMs: 5 },
      onEvent: async ({ properties }) => {
        taken.push(properties);
        if (taken.length === 1) await reset();
      },
      onTrouble: ({ kind }) => troubles.push(kind),
      onConnected: (first) => {
        if (!first) abort.abort();
      },
    },
  );
  expect(taken).toEqual(["ses_first", "ses_second", "ses_third"].map((sessionID) => ({ sessionID })));
  expect(troubles).toEqual(["unreachable"]);
});

test("unwraps the events of all directories", async () => {
  const { url, requests } = await serving([
    (_, response) =>
      stream(response, { payload: connected }, { directory: "/home/dev", project: "p", payload: idle("ses_1") }),
  ]);
  const { events } = await follow(url, (so) => so.events.length === 1);
  expect(requests[0]?.url).toBe("/global/event");
  expect(events[0]).toMatchObject({ directory: "/home/dev", event: { type: "session.idle" } });
});

test("connects again when the stream ends, breaks or falls silent, and says why", async () => {
  const { url } = await serving([
    (_, response) => {
      stream(response, connected, idle("ses_1"));
      response.end();
    },
    (_, response) => {
      stream(response, connected, idle("ses_2"));
      setTimeout(() => response.destroy(), 20);
    },
    (_, response) => stream(response, connected, idle("ses_3")),
    (_, response) => response.writeHead(503).end(),
    (_, response) => stream(response, connected, idle("ses_4")),
  ]);
  const so = await follow(url, ({ events }) => events.length === 4, { silenceMs: 2_000 });
  expect(so.connects).toEqual([true, false, false, false]);
  expect(so.troubles.map(({ kind, failures }) => [kind, failures])).toEqual([
    ["ended", 0],
    ["unreachable", 0],
    ["silent", 0],
    ["not-events", 1],
  ]);
});

test.each<[StreamTrouble["kind"], Answer]>([
  ["unauthorized", (_, response) => response.writeHead(401).end()],
  ["not-events", (_, response) => response.writeHead(404).end()],
  ["not-events", (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>")],
  ["unreachable", (request) => request.socket.destroy()],
])("says %s, and tries again", async (kind, answer) => {
  const { url } = await serving([answer, answer, (_, response) => stream(response, connected)]);
  const so = await follow(url, ({ connects }) => connects.length === 1);
  expect(so.troubles).toMatchObject([
    { kind, failures: 1 },
    { kind, failures: 2 },
  ]);
  expect(so.connects).toEqual([true]);
});

test("waits for a server that is not there yet", async () => {
  const port = await freePort();
  const following = follow(`http://127.0.0.1:${port}`, ({ connects }) => connects.length === 1);
  await new Promise((later) => setTimeout(later, 100));
  await serving([(_, response) => stream(response, connected)], port);
  const so = await following;
  expect(so.troubles[0]).toMatchObject({ kind: "unreachable", failures: 1 });
  expect(so.troubles[0]?.message).toContain("ECONNREFUSED");
});

test("closes the connection when it is told to end", async () => {
  let closed: Promise<unknown> | undefined;
  const { url } = await serving([
    (_, response) => {
      closed = once(response, "close");
      stream(response, connected);
    },
  ]);
  const so = await follow(url, ({ connects }) => connects.length === 1);
  await so.end();
  await closed;
  expect(closed).toBeDefined();
});

test("a hook's own failure is not taken for trouble of the stream", async () => {
  const { url } = await serving([(_, response) => stream(response, connected, idle("ses_1"))]);
  const following = followEvents(
    { url },
    {
      signal: new AbortController().signal,
      onEvent: () => {
        throw new Error("mine");
      },
    },
  );
  await expect(following).rejects.toThrow("mine");
});
