import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { InvalidExportError } from "../../errors/invalid-export-error.js";
import { maskFor } from "../../masking/mask.js";
import { severalLines } from "../../text/terminal-text.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import { listHtml } from "../data/list-html.js";
import { type PageAssets, pagePolicy } from "../data/page-policy.js";
import { sessionNeighbours } from "../data/session-neighbours.js";
import { changeStreams } from "./change-streams.js";
import { followFolder } from "./follow-folder.js";
import { keptReport } from "./kept-report.js";
import { routeOf } from "./route.js";
import { sessionCatalog } from "./session-catalog.js";
import type { KeptSource } from "./summarize-kept.js";

export interface ViewOptions extends KeptSource {
  /** 0 takes one that is free. */
  readonly port: number;
  readonly assets: { readonly list: PageAssets; readonly page: PageAssets };
  /** Told of what went wrong and no answer can carry. */
  readonly onProblem: (error: unknown) => void;
}

export interface ViewServer {
  /** The list's address, with the token that opens it. */
  readonly url: string;
  /** Ends all that is going on. */
  close(): Promise<void>;
}

/**
 * Serves what is kept to browsers on this machine only: on 127.0.0.1, below a path that cannot be guessed.
 * Nothing is written, and nothing is read but sessions that are kept.
 *
 * @throws the system's error when the port cannot be had, for instance EADDRINUSE
 */
export async function serveView(options: ViewOptions): Promise<ViewServer> {
  const { paths, assets, onProblem } = options;
  const token = randomBytes(16).toString("hex");
  const streams = changeStreams(() => catalog);
  const catalog = sessionCatalog(options, streams.changed);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // A client that has gone away meanwhile waits for nothing.
      if (response.destroyed) return;
      onProblem(error);
      response.destroy();
    });
  });
  const portOf = (): number => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : options.port;
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: target, headers } = request;
    const route = routeOf({ method, target, host: headers.host }, token, portOf());
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    switch (route.kind) {
      case "list":
        return page([listHtml(assets.list, LOOPTRACE_VERSION)], pagePolicy(assets.list, true), response);
      case "changes":
        response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
        if (method === "HEAD") response.end();
        else streams.add(response);
        return;
      case "session":
        return session(route.id, response);
      case "redirect":
        response.writeHead(308, { Location: route.to }).end();
        return;
      case "refused":
        if (route.status === 405) response.setHeader("Allow", "GET, HEAD");
        return plain(route.status, route.why, response);
      default:
        return route satisfies never;
    }
  }

  async function session(id: string, response: ServerResponse): Promise<void> {
    // Nothing but what the folder's listing has named is looked for.
    if (!catalog.has(id)) return plain(404, `No session ${id} is kept.`, response);
    try {
      const kept = sessionNeighbours(id, catalog.since(0).sessions);
      const pieces = await keptReport(id, options, assets.page, LOOPTRACE_VERSION, kept);
      if (!pieces) return plain(404, `The session ${id} holds no prompt yet, or is not kept any more.`, response);
      return await page(pieces, pagePolicy(assets.page, false), response);
    } catch (error) {
      if (!(error instanceof InvalidExportError)) throw error;
      const mask = await maskFor([error.message], options.masking);
      return plain(500, mask(`The session cannot be read. ${error.message}`), response);
    }
  }

  const refresh = (): Promise<void> => catalog.refresh().catch(onProblem);
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  await refresh();
  const stopFollowing = followFolder(paths.sessions, refresh);
  return {
    url: `http://127.0.0.1:${portOf()}/${token}/`,
    async close() {
      stopFollowing();
      catalog.close();
      streams.close();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

async function page(pieces: readonly string[], policy: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": `${policy}; frame-ancestors 'none'`,
  });
  await pipeline(Readable.from(pieces), response);
}

function plain(status: number, text: string, response: ServerResponse): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${severalLines(text)}\n`);
}
