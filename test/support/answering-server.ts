import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll } from "vitest";

/** A server in the place of opencode's that answers all that it is asked the same. */
export interface AnsweringServer {
  /** Known once the tests run. */
  readonly url: string;
  answer: { readonly status: number; readonly body: string };
  /** What it was asked last. */
  readonly asked: { readonly request: IncomingMessage; readonly body: string } | undefined;
}

/** To be called at the top of a file; it runs from the file's first test to its last one. */
export function answeringServer(): AnsweringServer {
  let url = "";
  let asked: AnsweringServer["asked"];
  const server = createServer(async (request, response) => {
    asked = { request, body: await text(request) };
    response.writeHead(own.answer.status).end(own.answer.body);
  });
  const own: AnsweringServer = {
    get url() {
      return url;
    },
    answer: { status: 200, body: "" },
    get asked() {
      return asked;
    },
  };
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  return own;
}
