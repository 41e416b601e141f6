import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { createGzip } from "node:zlib";

/** What a server that is none, or means harm, does to a client that follows it. */
export const HOSTILITIES = [
  "a line without an end",
  "an event of lines without an end",
  "sessions without an end",
  "a part that grows without an end",
  "evidence without an end",
  "a list without an end",
  "messages without an end",
  "headers without an end",
  "a stream that is packed a thousandfold",
  "answers that are nested without an end",
  "parents in a circle",
  "children without an end",
  "ids that are paths",
] as const;
export type Hostility = (typeof HOSTILITIES)[number];

export interface HostileServer {
  readonly url: string;
  close(): Promise<void>;
}

const MEGABYTE = "x".repeat(1024 * 1024);
const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

/** A server on 127.0.0.1 that is hostile in one way, and else does as opencode does. */
export async function hostileServer(hostility: Hostility): Promise<HostileServer> {
  const server = hostility === "headers without an end" ? endlessHeaders() : answering(hostility);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function endlessHeaders(): Server {
  return createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 200 OK\r\n");
    const more = (): void => {
      while (!socket.destroyed && socket.write(`x-header: ${"y".repeat(1_000)}\r\n`));
      socket.once("drain", more);
    };
    more();
  });
}

function answering(hostility: Hostility): Server {
  let made = 0;
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    response.on("error", () => undefined);
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    if (pathname.endsWith("/event")) {
      events(hostility, response);
      return;
    }
    const [, first, id = "", what = ""] = pathname.split("/");
    const info = (one: string, more: object = {}) => ({
      ...{
        id: one,
        slug: "a",
        projectID: "p",
        directory: "/a",
        title: "t",
        version: "1.18.33",
        parentID: undefined,
      },
      ...{ time: { created: Date.now() - 1_000, updated: Date.now() } },
      ...more,
    });
    const json = (value: unknown): void => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    const isList = first === "experimental" || id === "";
    if (isList && hostility === "a list without an end") return endless(response, '[{"id":"', MEGABYTE);
    if (isList) return json([info("ses_hostile")]);
    if (id === "status") return json({ ses_hostile: { type: "busy" } });
    if (what === "message" && hostility === "messages without an end") return endless(response, '[{"info":"', MEGABYTE);
    if (what === "message" && hostility === "answers that are nested without an end") {
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end(
        `[{"info":{"id":"msg_1","role":"user","time":{"created":1},"x":${deep(200_000)}},"parts":[]}]`,
      );
    }
    if (what === "message")
      return json([
        { info: { id: `msg_${id}`, sessionID: id, role: "user", time: { created: Date.now() } }, parts: [] },
      ]);
    if (what === "children" && hostility === "children without an end") {
      made += 2;
      return json([info(`ses_child${made}`, { parentID: id }), info(`ses_child${made + 1}`, { parentID: id })]);
    }
    if (what === "children") return json([]);
    if (hostility === "parents in a circle")
      return json(info(id, { parentID: id === "ses_hostile" ? "ses_other" : "ses_hostile" }));
    return json(info(id));
  });
}

/** Writes for ever, as fast as it is taken. */
function endless(response: ServerResponse, begin: string, piece: string | (() => string)): void {
  response.writeHead(200, { "content-type": "application/json" });
  pour(response, begin, piece);
}

interface Sink {
  write(text: string): boolean;
  once(event: "drain", then: () => void): unknown;
  readonly destroyed: boolean;
}

function pour(sink: Sink, begin: string, piece: string | (() => string)): void {
  sink.write(begin);
  const more = (): void => {
    // In turns, so that what else is asked is answered too.
    for (let count = 0; count < 64 && !sink.destroyed; count += 1)
      if (!sink.write(typeof piece === "string" ? piece : piece())) return void sink.once("drain", more);
    if (!sink.destroyed) setImmediate(more);
  };
  more();
}

function events(hostility: Hostility, response: ServerResponse): void {
  const isPacked = hostility === "a stream that is packed a thousandfold";
  response.writeHead(200, {
    "content-type": "text/event-stream",
    ...(isPacked ? { "content-encoding": "gzip" } : {}),
  });
  const event = (type: string, properties: object): string =>
    `data: ${JSON.stringify({ directory: "/a", payload: { type, properties } })}\n\n`;
  const connected = event("server.connected", {});
  const busy = (sessionID: string): string => event("session.status", { sessionID, status: { type: "busy" } });
  const info = (id: string) => ({
    id,
    title: MEGABYTE.slice(0, 1_000),
    directory: "/a",
    time: { created: 1, updated: 2 },
  });
  let count = 0;
  switch (hostility) {
    case "a line without an end":
      pour(response, `${connected}data: `, MEGABYTE);
      break;
    case "an event of lines without an end":
      pour(response, connected, `data: ${MEGABYTE}\n`);
      break;
    case "a stream that is packed a thousandfold": {
      const packed = createGzip({ level: 9 });
      packed.on("error", () => undefined);
      packed.pipe(response);
      pour(packed, `${connected}data: `, MEGABYTE);
      break;
    }
    case "sessions without an end":
      pour(response, connected, () => {
        count += 1;
        const id = `ses_flood${count}`;
        return event("session.created", { info: info(id) }) + busy(id);
      });
      break;
    case "ids that are paths":
      pour(response, connected, () => {
        count += 1;
        const id = `../../../escaped${count % 100}`;
        return event("session.created", { info: info(id) }) + busy(id) + event("session.idle", { sessionID: id });
      });
      break;
    case "evidence without an end":
      pour(
        response,
        connected + busy("ses_hostile"),
        event("session.error", { sessionID: "ses_hostile", error: { name: "E", data: MEGABYTE.slice(0, 10_000) } }),
      );
      break;
    case "a part that grows without an end": {
      const at = { sessionID: "ses_hostile", messageID: "msg_ses_hostile", partID: "prt_1" };
      const part = { id: "prt_1", type: "text", messageID: at.messageID, sessionID: at.sessionID, text: "" };
      pour(
        response,
        connected + busy("ses_hostile") + event("message.part.updated", { sessionID: at.sessionID, part }),
        event("message.part.delta", { ...at, field: "text", delta: MEGABYTE }),
      );
      break;
    }
    case "answers that are nested without an end":
      pour(
        response,
        connected + busy("ses_hostile"),
        `data: {"payload":{"type":"session.error","properties":${deep(100_000)}}}\n\n`,
      );
      break;
    default: {
      response.write(connected + busy("ses_hostile"));
      const idle = setInterval(() => response.write(busy("ses_hostile")), 200);
      response.on("close", () => clearInterval(idle));
    }
  }
}
