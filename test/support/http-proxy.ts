import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Certified } from "./certificates.js";

export interface ProxyBehaviour {
  /** 407 for a client that does not say this user and password. */
  readonly credentials?: { readonly user: string; readonly password: string };
  /** Answers everything with this status. */
  readonly refuse?: number;
  /** Speaks TLS itself. */
  readonly tls?: Certified;
}

/** What a proxy was asked. */
export interface Proxied {
  /** `CONNECT host:port`, or `POST http://host:port/path`. */
  readonly asked: string;
  readonly authorization: string | undefined;
  readonly status: number;
}

export interface HttpProxy {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly asked: readonly Proxied[];
  close(): Promise<void>;
}

/** Starts a proxy on 127.0.0.1, which is where every name leads that it is asked for. */
export async function startHttpProxy(behaviour: ProxyBehaviour = {}): Promise<HttpProxy> {
  const asked: Proxied[] = [];
  const sockets = new Set<Socket>();
  const { credentials, refuse, tls } = behaviour;
  const wanted =
    credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64")}`;

  const statusFor = (request: IncomingMessage): number => {
    const authorization = request.headers["proxy-authorization"];
    const status = wanted !== undefined && authorization !== wanted ? 407 : (refuse ?? 200);
    asked.push({ asked: `${request.method} ${request.url}`, authorization, status });
    return status;
  };

  const forward = (request: IncomingMessage, response: ServerResponse): void => {
    const status = statusFor(request);
    if (status !== 200) {
      response.writeHead(status).end("not through here");
      return;
    }
    const { port, pathname, search, host } = new URL(request.url ?? "");
    const { "proxy-authorization": _, ...headers } = request.headers;
    const path = `${pathname}${search}`;
    const onward = httpRequest(
      { host: "127.0.0.1", port, path, method: request.method, headers: { ...headers, host } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.writeHead(502).end());
    request.pipe(onward);
  };

  const server = tls === undefined ? createServer(forward) : createTlsServer(tls, forward);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
  });
  server.on("connect", (request: IncomingMessage, client: Socket, head: Buffer) => {
    client.on("error", () => undefined);
    const status = statusFor(request);
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\n${status === 407 ? "Proxy-Authenticate: Basic\r\n" : ""}\r\n`);
      return;
    }
    const port = Number(/:(\d+)$/.exec(request.url ?? "")?.[1]);
    const onward = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
      onward.pipe(client).pipe(onward);
    });
    sockets.add(onward);
    onward.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
