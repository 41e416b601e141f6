import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtPath } from "./built.js";
import { alternate, type Comparison } from "./measure.js";
import { READ_FILES, runNode, writeExports } from "./processes.js";
import type { Plan } from "./sizes.js";

/** `looptrace trace` of exports, each to a store of its own, with and without a receiver in another process. */
export async function compareTracing({ tracedMb, tracingRounds }: Plan): Promise<readonly Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-bench-"));
  const receiver = fork(fileURLToPath(new URL("receiver-process.ts", import.meta.url)));
  try {
    const [port]: unknown[] = await once(receiver, "message");
    const main = builtPath("cli/main.js");
    const comparisons: Comparison[] = [];
    let round = 0;
    for (const megabytes of tracedMb) {
      const files = await writeExports(folder, megabytes);
      const parse = `${READ_FILES}\ntexts.map((text) => JSON.parse(text));`;
      for (const [name, endpoint] of [
        ["nowhere", {}],
        ["a receiver", { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` }],
      ] as const) {
        const trace = (): string => {
          round += 1;
          const home = { HOME: folder, LOOPTRACE_HOME: join(folder, `home-${round}`) };
          return runNode([main, "trace", "--quiet", ...files], {
            PATH: process.env.PATH,
            ...home,
            ...endpoint,
          });
        };
        const bare = (): string => runNode(["--input-type=module", "-e", parse, ...files]);
        const figures = await alternate({ looptrace: trace, bare }, tracingRounds, 1);
        comparisons.push({
          name: `looptrace trace of ${megabytes} MB to ${name} (bare: JSON.parse in Node)`,
          unit: "ms",
          ...figures,
          rounds: tracingRounds,
        });
      }
    }
    return comparisons;
  } finally {
    receiver.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}
