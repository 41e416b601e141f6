import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { built } from "./built.js";
import { tracesOf } from "./compute.js";
import { alternate, type Comparison } from "./measure.js";
import type { Plan } from "./sizes.js";
import { syntheticSession } from "./synthetic-session.js";

const { deliver, encodeTrace, resolveDestinations, storePathsAt } = built;

/** As many requests under way at once as looptrace has. */
const CONCURRENCY = 4;

/**
 * Delivery with outbox and receipts against bare posts of the same bytes, to a receiver in another process: as many at
 * once, on connections that are used again. `fetch` copies a body before it is sent, `http.request` does not.
 */
export async function compareDelivery(plan: Plan): Promise<readonly Comparison[]> {
  const traces = tracesOf(syntheticSession(plan.deliveredMb * 1e6).exports);
  // Small requests, so that there are several to have under way at once.
  const requests = traces.flatMap((trace) => [...encodeTrace(trace, {}, { bytes: 1_000_000 })]);
  const bodies = requests.map(({ body }) => body);
  const spans = requests.reduce((sum, { spanIds }) => sum + spanIds.length, 0);
  const megabytes = bodies.reduce((sum, { byteLength }) => sum + byteLength, 0) / 1e6;
  const folder = await mkdtemp(join(tmpdir(), "looptrace-bench-"));
  const receiver = fork(fileURLToPath(new URL("receiver-process.ts", import.meta.url)));
  try {
    const [port]: unknown[] = await once(receiver, "message");
    const url = `http://127.0.0.1:${port}`;
    const destinations = resolveDestinations({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
    const first = tracesOf(syntheticSession(20_000, 2).exports).flatMap((trace) => [...encodeTrace(trace)]);
    const stores = Array.from({ length: BARE.length * (plan.deliveryRounds + 1) }, (_, index) =>
      storePathsAt(join(folder, String(index))),
    );
    // One each, else the receipts would have nothing sent twice; all with their folders, as a store is but for once.
    for (const paths of stores) await deliver(first, destinations, { paths, budgetMs: 600_000 });
    const looptrace = async (): Promise<void> => {
      const paths = stores.pop();
      if (!paths) throw new Error("there are fewer stores than rounds");
      const reports = await deliver(requests, destinations, { paths, budgetMs: 600_000 });
      if (reports[0]?.acknowledged !== spans) throw new Error(`not all was delivered: ${JSON.stringify(reports)}`);
    };
    const comparisons: Comparison[] = [];
    for (const { name, post, aim } of BARE) {
      const bare = (): Promise<void> => postAll(`${url}/v1/traces`, bodies, post);
      const figures = await alternate({ looptrace, bare }, plan.deliveryRounds, 1);
      const speed = (ms: number): string => (spans / (ms / 1000)).toFixed(0);
      comparisons.push({
        name: `delivery of ${megabytes.toFixed(0)} MB OTLP (bare: ${name})`,
        unit: "ms",
        ...figures,
        ...(aim === undefined ? {} : { aim }),
        rounds: plan.deliveryRounds,
        note: `${spans} spans in ${bodies.length} requests; ${speed(figures.looptrace)} spans/s against ${speed(figures.bare)}`,
      });
    }
    return comparisons;
  } finally {
    receiver.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

type Post = (url: string, body: Uint8Array<ArrayBuffer>) => Promise<number | undefined>;

const BARE: readonly { readonly name: string; readonly post: Post; readonly aim?: number }[] = [
  { name: "fetch", post: (url, body) => postByFetch(url, body), aim: 1.25 },
  { name: "http.request", post: postByRequest },
  {
    name: "gzip and fetch",
    post: async (url, body) =>
      postByFetch(url, new Uint8Array(await promisify(gzip)(body)), { "content-encoding": "gzip" }),
  },
];

async function postAll(url: string, bodies: readonly Uint8Array[], post: Post): Promise<void> {
  const queue = [...bodies];
  const work = async (): Promise<void> => {
    for (let body = queue.shift(); body !== undefined; body = queue.shift()) {
      const status = await post(url, new Uint8Array(body));
      if (status !== 200) throw new Error(`the receiver answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

async function postByFetch(
  url: string,
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  await response.text();
  return response.status;
}

const agent = new Agent({ keepAlive: true });

async function postByRequest(url: string, body: Uint8Array): Promise<number | undefined> {
  const asked = request(url, {
    method: "POST",
    agent,
    headers: { "content-type": "application/json", "content-length": body.byteLength },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    asked.once("response", resolve).once("error", reject),
  );
  asked.end(body);
  const response = await answered;
  await buffer(response);
  return response.statusCode;
}
