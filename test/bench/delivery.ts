import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** Delivery with outbox, gzip and receipts against bare posts of the same bytes, to a receiver in another process. */
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
    const stores = Array.from({ length: 2 * (plan.deliveryRounds + 1) }, (_, index) =>
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
    for (const [name, compress] of [
      ["fetch", false],
      ["gzip and fetch", true],
    ] as const) {
      const bare = (): Promise<void> => postAll(`${url}/v1/traces`, bodies, compress);
      const figures = await alternate({ looptrace, bare }, plan.deliveryRounds, 1);
      const speed = (ms: number): string => (spans / (ms / 1000)).toFixed(0);
      comparisons.push({
        name: `delivery of ${megabytes.toFixed(0)} MB OTLP (bare: ${name})`,
        unit: "ms",
        ...figures,
        ...(compress ? {} : { aim: 1.25 }),
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

async function postAll(url: string, bodies: readonly Uint8Array[], compress: boolean): Promise<void> {
  const queue = [...bodies];
  const work = async (): Promise<void> => {
    for (let body = queue.shift(); body !== undefined; body = queue.shift()) {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(compress ? { "content-encoding": "gzip" } : {}),
        },
        body: new Uint8Array(compress ? await promisify(gzip)(body) : body),
      });
      if (!response.ok) throw new Error(`the receiver answered ${response.status}`);
      await response.text();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}
