/**
 * Delivers spans, and where it is asked for scores and a file beside them, or metrics, until it is killed:
 * `deliver-and-die.ts <store> <base URL> <trace> <spans> <spans per request> [<scores and spans with a file> [<metrics>]]`.
 * With metrics the destination is an OTLP backend.
 */
import { deliver } from "../../src/deliver/deliver.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { langfuseAt, otlpWithMetricsAt } from "../support/destinations.js";
import { file, metrics, scoresRequest } from "../support/other-requests.js";
import { otlpRequests } from "../support/otlp-requests.js";

const [root = "", url = "", trace, spans, perRequest, beside = "0", measured = "0"] = process.argv.slice(2);
const requests = otlpRequests(Number(spans), Number(perRequest), { trace: Number(trace) });
const others = Array.from({ length: Number(beside) }, (_, index) => {
  const some = { trace: Number(trace), first: index + 1 };
  return [scoresRequest(1, some), file(1, { ...some, bytes: new Uint8Array(100).fill(index % 3) })];
});
const some = Array.from({ length: Number(measured) }, (_, index) =>
  metrics(1, { trace: Number(trace), first: index + 1 }),
);
const destination = some.length > 0 ? otlpWithMetricsAt(url) : langfuseAt(url);
await deliver([...requests, ...others.flat(), ...some], [destination], { paths: storePathsAt(root) });
