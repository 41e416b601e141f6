/**
 * Delivers spans, and where it is asked for scores and a file beside them, until it is killed:
 * `deliver-and-die.ts <store> <base URL> <trace> <spans> <spans per request> [<scores and spans with a file>]`.
 */
import { deliver } from "../../src/deliver/deliver.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { langfuseAt } from "../support/destinations.js";
import { file, scoresRequest } from "../support/other-requests.js";
import { otlpRequests } from "../support/otlp-requests.js";

const [root = "", url = "", trace, spans, perRequest, beside = "0"] = process.argv.slice(2);
const requests = otlpRequests(Number(spans), Number(perRequest), { trace: Number(trace) });
const others = Array.from({ length: Number(beside) }, (_, index) => {
  const some = { trace: Number(trace), first: index + 1 };
  return [scoresRequest(1, some), file(1, { ...some, bytes: new Uint8Array(100).fill(index % 3) })];
});
await deliver([...requests, ...others.flat()], [langfuseAt(url)], { paths: storePathsAt(root) });
