/** Starts the example's service as its first argument says, prints its address, and stops it when its input ends. */
import { text } from "node:stream/consumers";
import { z } from "zod";
import { startService } from "../../examples/service/service.js";
import { storePathsAt } from "../../src/files/store-paths.js";

const { environment, directory, root } = z
  .object({ environment: z.record(z.string(), z.string()), directory: z.string(), root: z.string() })
  .parse(JSON.parse(process.argv[2] ?? ""));
const paths = storePathsAt(root);
const service = await startService({ environment, directory, store: paths }, { env: environment, paths });
process.stdout.write(`${service.url}\n`);
await text(process.stdin);
await service.stop();
