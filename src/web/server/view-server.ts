import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { InvalidExportError } from "../../errors/invalid-export-error.js";
import { maskFor } from "../../masking/mask.js";
import { bytesText } from "../../text/format.js";
import { severalLines } from "../../text/terminal-text.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import { listHtml } from "../data/list-html.js";
import { messageHtml } from "../data/message-html.js";
import { type PageAssets, pagePolicy } from "../data/page-policy.js";
import { ForeignPageError } from "../data/report-of-html.js";
import { sessionNeighbours } from "../data/session-neighbours.js";
import { changeStreams } from "./change-streams.js";
import { compareKept } from "./compare-kept.js";
import { followFolder } from "./follow-folder.js";
import { jsonBody } from "./json-body.js";
import { type KeptListOptions, keptList } from "./kept-list.js";
import { keptReport } from "./kept-report.js";
import { givenFiles, openedFiles } from "./opened-files.js";
import { routeOf } from "./route.js";

export interface ViewOptions extends KeptListOptions {
  /** 0 takes one that is free. */
  readonly port: number;
  readonly assets: { readonly list: PageAssets; readonly page: PageAssets };
}

export interface ViewServer {
  /** The list's address, with the token that opens it. */
  readonly url: string;
  /** Ends all that is going on. */
  close(): Promise<void>;
}

/**
 * Serves what is kept to browsers on this machine only: on 127.0.0.1, below a path that cannot be guessed.
 * Nothing is written but the index of the kept sessions, and nothing is read but those, and files that the page is
 * given.
 *
 * @throws {ConfigurationError} when others may have put something into looptrace's folders
 * @throws the system's error when the port cannot be had, for instance EADDRINUSE
 */
export async function serveView(options: ViewOptions): Promise<ViewServer> {
  const { paths, assets, onProblem } = options;
  const token = randomBytes(16).toString("hex");
  const streams = changeStreams(() => kept);
  const kept = await keptList(options, streams.changed);
  const opened = openedFiles(options, assets.page, LOOPTRACE_VERSION);
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
    const { host, origin } = headers;
    const route = routeOf({ method, target, host, origin }, token, portOf());
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
      case "comparison":
        return comparison(route.a, route.b, response);
      case "search":
        return json({ found: await kept.search(route.texts) }, response);
      case "open":
        return open(request, response);
      case "opened": {
        const pieces = opened.page(route.number);
        if (pieces) return page(pieces, pagePolicy(assets.page, false), response);
        return told(404, "This file is not at hand any more. Open it again.", response);
      }
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
    try {
      const beside = sessionNeighbours(id, kept.since(0).sessions);
      const pieces = await keptReport(id, options, assets.page, LOOPTRACE_VERSION, beside);
      if (!pieces) return told(404, `The session ${id} is not kept, or holds no prompt yet.`, response);
      return await page(pieces, pagePolicy(assets.page, false), response);
    } catch (error) {
      const why = await unreadable(error);
      return told(500, `The session cannot be read. ${why}`, response);
    }
  }

  async function comparison(a: string, b: string, response: ServerResponse): Promise<void> {
    try {
      const data = await compareKept(a, b, options);
      if (!data) return plain(404, "One of the sessions is not kept.", response);
      return json(data, response);
    } catch (error) {
      return plain(500, await unreadable(error), response);
    }
  }

  async function open(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await jsonBody(request, MOST_BYTES);
    if (body === undefined) return plain(413, `Files are opened up to ${bytesText(MOST_BYTES)} together.`, response);
    const { data } = givenFiles.safeParse(body);
    if (!data) return plain(400, "No files were given.", response);
    try {
      return json({ address: `opened/${await opened.open(data.files)}` }, response);
    } catch (error) {
      return plain(422, await unreadable(error), response);
    }
  }

  /** What a file of a user's is wrong with. @throws what is no fault of it */
  async function unreadable(error: unknown): Promise<string> {
    if (!(error instanceof InvalidExportError || error instanceof ForeignPageError)) throw error;
    const mask = await maskFor([error.message], options.masking);
    return mask(error.message);
  }

  function told(status: number, text: string, response: ServerResponse): Promise<void> {
    const pieces = [messageHtml(assets.list, LOOPTRACE_VERSION, severalLines(text), BACK)];
    return page(pieces, pagePolicy(assets.list, false), response, status);
  }

  server.listen(options.port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    await kept.close();
    throw error;
  }
  const refresh = (): Promise<void> => kept.refresh().catch(onProblem);
  void refresh();
  const stopFollowing = followFolder(paths.sessions, refresh);
  return {
    url: `http://127.0.0.1:${portOf()}/${token}/`,
    async close() {
      stopFollowing();
      await kept.close();
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

/** From a session's page to the list as it was left. */
const BACK = "../#back";

/** Of a request's body. */
const MOST_BYTES = 100_000_000;

async function page(pieces: readonly string[], policy: string, response: ServerResponse, status = 200): Promise<void> {
  response.writeHead(status, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": `${policy}; frame-ancestors 'none'`,
  });
  await pipeline(Readable.from(pieces), response);
}

function json(value: unknown, response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" }).end(JSON.stringify(value));
}

function plain(status: number, text: string, response: ServerResponse): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${severalLines(text)}\n`);
}
