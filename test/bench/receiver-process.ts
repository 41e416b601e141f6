/**
 * The other end of the benchmarks' deliveries, in a process of its own: reads each request to its end and takes it, as
 * Langfuse does. Tells its port to the process that started it, and ends with it.
 */
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

const server = createServer(async (request, response) => {
  const sent = await buffer(request);
  const isZipped = request.headers["content-encoding"] === "gzip";
  const [status, answer] = answerTo(request.url ?? "", () => (isZipped ? gunzipSync(sent) : sent).toString("utf8"));
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") process.send?.(address?.port);
});
process.once("disconnect", () => process.exit());

function answerTo(path: string, body: () => string): readonly [status: number, answer: unknown] {
  if (path.endsWith("/projects")) return [200, { data: [{ id: "bench", name: "bench" }] }];
  if (!path.endsWith("/ingestion")) return [200, {}];
  const { batch }: { readonly batch: readonly { readonly id: string }[] } = JSON.parse(body());
  return [207, { successes: batch.map(({ id }) => ({ id, status: 201 })), errors: [] }];
}
