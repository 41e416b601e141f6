import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { onTestFinished } from "./side-by-side.js";

/** A session of a server, which the test may change. */
export interface ScriptedSession {
  readonly directory: string;
  /** The session whose subagent it is. */
  readonly parentID?: string;
  updated: number;
  /** `{ info, parts }` each. */
  messages?: readonly unknown[];
}

/** As much of an opencode server as following asks for, whose every answer is the test's. */
export interface ScriptedServer {
  readonly url: string;
  /** Settles with the first stream of events. */
  readonly streaming: Promise<void>;
  /** The sessions that it calls busy. */
  readonly busy: Set<string>;
  /** How often what is asked for, by its path, fails from now on. */
  readonly failing: Map<string, number>;
  /** What it answers elsewhere, by the path. */
  readonly answers: Map<string, unknown>;
  /** Sends an event. */
  readonly tell: (type: string, properties: Readonly<Record<string, unknown>>) => void;
  /** Cuts the streams of events. */
  readonly cut: () => void;
}

/** @param sessions by their ids; one that is taken away is not found any more */
export async function scriptedServer(sessions: Record<string, ScriptedSession>): Promise<ScriptedServer> {
  const streams = new Set<ServerResponse>();
  let begun = (): void => undefined;
  const streaming = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const busy = new Set<string>();
  const failing = new Map<string, number>();
  const answers = new Map<string, unknown>();
  const infoOf = (id: string, { directory, parentID, updated }: ScriptedSession) => ({
    ...{ id, directory, parentID, title: id, version: "1.18.33" },
    time: { created: 1, updated },
  });
  const answerTo = ({ pathname, searchParams }: URL): unknown => {
    if (answers.has(pathname)) return answers.get(pathname);
    const [, first, second = "", third] = pathname.split("/");
    if (first === "experimental" || second === "") {
      const start = Number(searchParams.get("start") ?? 0);
      return Object.entries(sessions)
        .filter(([, { updated }]) => updated >= start)
        .sort(([, a], [, b]) => b.updated - a.updated)
        .slice(0, Number(searchParams.get("limit")))
        .map(([id, session]) => infoOf(id, session));
    }
    if (second === "status") {
      const inside = [...busy].filter((id) => sessions[id]?.directory === searchParams.get("directory"));
      return Object.fromEntries(inside.map((id) => [id, { type: "busy" }]));
    }
    const session = sessions[second];
    if (!session) return undefined;
    if (third === undefined) return infoOf(second, session);
    if (third === "children") {
      const below = Object.entries(sessions).filter(([, { parentID }]) => parentID === second);
      return below.map(([id, one]) => infoOf(id, one));
    }
    const limit = Number(searchParams.get("limit") ?? Number.MAX_SAFE_INTEGER);
    return third === "message" ? (session.messages ?? []).slice(-limit) : [];
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://x");
    if (url.pathname.endsWith("/event")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify({ payload: { type: "server.connected", properties: {} } })}\n\n`);
      streams.add(response);
      begun();
      return;
    }
    const left = failing.get(url.pathname) ?? 0;
    failing.set(url.pathname, left - 1);
    const answer = left > 0 ? undefined : answerTo(url);
    const status = left > 0 ? 500 : answer === undefined ? 404 : 200;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { message: `not there or not now: ${url.pathname}` }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    streaming,
    busy,
    failing,
    answers,
    tell: (type, properties) => {
      for (const one of streams) one.write(`data: ${JSON.stringify({ payload: { type, properties } })}\n\n`);
    },
    cut: () => {
      for (const one of streams) one.destroy();
      streams.clear();
    },
  };
}
