import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { z } from "zod";

/** A tool server with one tool, `lookup`, that says what a ticket is about, and perhaps others of the same kind. */
export interface McpServer {
  readonly url: string;
  /** The header `x-key` of each request. */
  readonly keys: readonly (string | undefined)[];
  /** The header `traceparent` of each call of a tool. */
  readonly traceparents: readonly (string | undefined)[];
  close(): Promise<void>;
}

const message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z
    .looseObject({ name: z.string().optional(), arguments: z.looseObject({ ticket: z.number() }).optional() })
    .optional(),
});
type Message = z.infer<typeof message>;

/** A tool of such a server. */
export interface McpTool {
  readonly name: string;
  readonly description: string;
}

const LOOKUP: McpTool = { name: "lookup", description: "What a ticket is about" };

/**
 * Speaks as much of MCP's streamable HTTP transport as opencode asks for.
 *
 * @param tools what it has whenever it is asked
 */
export async function startMcpServer(tools: () => readonly McpTool[] = () => [LOOKUP]): Promise<McpServer> {
  const keys: (string | undefined)[] = [];
  const traceparents: (string | undefined)[] = [];
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") {
      response.writeHead(405).end();
      return;
    }
    keys.push(request.headers["x-key"]?.toString());
    const asked = message.parse(await json(request));
    if (asked.id === undefined) {
      response.writeHead(202).end();
      return;
    }
    if (asked.method === "tools/call") traceparents.push(request.headers.traceparent?.toString());
    const answer = { jsonrpc: "2.0", id: asked.id, result: resultOf(asked, tools()) };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    keys,
    traceparents,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function resultOf({ method, params }: Message, tools: readonly McpTool[]): object {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: "2025-03-26",
        capabilities: { tools: {} },
        serverInfo: { name: "tickets", version: "1" },
      };
    case "tools/list": {
      const inputSchema = {
        type: "object",
        properties: { ticket: { type: "number" } },
        required: ["ticket"],
      };
      return { tools: tools.map((tool) => ({ ...tool, inputSchema })) };
    }
    case "tools/call":
      return {
        content: [{ type: "text", text: `Ticket ${params?.arguments?.ticket}: the door squeaks.` }],
      };
    default:
      return {};
  }
}
