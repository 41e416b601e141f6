import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import { createServer as createDoors, type Socket } from "node:net";
import { z } from "zod";
import { logOf, shareRecording } from "./warm-log.js";
import type { WarmSettings } from "./warm-server.js";

/** What looptrace starts as `opencode serve`: doors to a server that runs already, each for one directory. */
export interface WarmDoors {
  /** For a script in bash: opens a door, and is itself the process that looptrace starts, follows and ends. */
  readonly script: readonly string[];
  close(): Promise<void>;
}

const FIELDS = 4;
const wish = z.tuple([z.string(), z.string(), z.string(), z.string()]);

/** Opens doors to a server, for whoever runs the script. */
export async function warmDoors(settings: WarmSettings): Promise<WarmDoors> {
  const asking = new Set<Socket>();
  const doors = createDoors((socket) => {
    asking.add(socket);
    socket.once("close", () => asking.delete(socket));
    // It is killed where it stands.
    socket.on("error", () => undefined);
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      const fields = text.split("\0");
      if (fields.length <= FIELDS) return;
      socket.removeAllListeners("data").resume();
      const [option, password, directory, recording] = wish.parse(fields.slice(0, -1));
      const port = Number(option.replace("--port=", ""));
      try {
        openDoor(settings, { port, password, directory, recording }, socket);
      } catch (problem) {
        socket.end(`\n${String(problem)}\n`);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(doors, "listening");
  const address = doors.address();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  return {
    script: [
      `exec 3<>/dev/tcp/127.0.0.1/${address.port}`,
      `for word; do case $word in --port=*) port=$word;; esac; done`,
      `printf '%s\\0' "$port" "$OPENCODE_SERVER_PASSWORD" "$PWD" "$LOOPTRACE_WIRE_FOLDER" >&3`,
      // The first line is the server's own, all that follows its log.
      `IFS= read -r line <&3 && printf '%s\\n' "$line"`,
      `exec cat <&3 >&2`,
    ],
    close: async () => {
      for (const socket of asking) socket.destroy();
      const closed = once(doors, "close");
      doors.close();
      await closed;
    },
  };
}

interface Door {
  readonly port: number;
  readonly password: string;
  readonly directory: string;
  /** Where looptrace looks for what is recorded; empty: nothing is to be. */
  readonly recording: string;
}

/**
 * Hands all requests on, each for this directory if for no other, and what the server logs of its sessions before what
 * it answers. The door is open for as long as the one who asked for it is there.
 */
function openDoor(settings: WarmSettings, { port, password, directory, recording }: Door, said: Socket): void {
  const expected = `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}`;
  const log = logOf(settings.log, directory, (text) => said.write(text));
  shareRecording(settings.wire, recording);
  const handOn = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401).end();
      return;
    }
    const url = new URL(request.url ?? "/", settings.url);
    const named = request.headers["x-opencode-directory"] ?? url.searchParams.get("directory");
    if (!named) url.searchParams.set("directory", directory);
    const headers = { ...request.headers, host: url.host, authorization: settings.authorization };
    // A connection that is not kept cannot turn out to be dead.
    const asked = send(url, { method: request.method, headers, agent: false }, (answer) => {
      log.look();
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("data", (chunk) => {
        log.look();
        response.write(chunk);
      });
      answer.once("end", () => response.end());
      answer.once("error", () => response.destroy());
    });
    asked.once("error", (error) => {
      if (!said.destroyed) said.write(`${request.method} ${request.url}: ${error.message}\n`);
      response.destroy();
    });
    response.once("close", () => asked.destroy());
    request.pipe(asked);
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, handOn);
  server.once("error", (error) => said.end(`\n${error.message}\n`));
  server.listen(port, "127.0.0.1", () => said.write(`opencode server listening on http://127.0.0.1:${port}\n`));
  said.once("close", () => {
    server.close(() => log.close());
    server.closeAllConnections();
  });
}
