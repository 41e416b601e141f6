import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";

/** Does in vitest's own process what test files, each in a process of its own, ask it for. */
export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

/** @param deeds by their names; each gets and gives JSON */
export async function controlServer(
  deeds: Readonly<Record<string, (input: unknown) => Promise<unknown>>>,
): Promise<ControlServer> {
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? "";
    json(request)
      .then(async (input) => (await deeds[name]?.(input)) ?? null)
      .then(
        (output) => response.end(JSON.stringify(output)),
        (problem: unknown) => response.writeHead(500).end(`${name}: ${String(problem)}`),
      );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Asks a control server. @throws what the deed threw, as a text */
export async function askControl(url: string, deed: string, input: unknown = null): Promise<unknown> {
  const answer = await fetch(`${url}/${deed}`, { method: "POST", body: JSON.stringify(input) });
  if (!answer.ok) throw new Error(await answer.text());
  return await answer.json();
}
