/**
 * Says that it is there, delivers when it gets a line, and prints the report:
 * `deliver-when-told.ts <store> <base URL> <trace> <spans> <spans per request>`.
 */
import { once } from "node:events";
import { deliver } from "../../src/deliver/deliver.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { langfuseAt } from "../support/destinations.js";
import { otlpRequests } from "../support/otlp-requests.js";

const [root = "", url = "", trace, spans, perRequest] = process.argv.slice(2);
const requests = otlpRequests(Number(spans), Number(perRequest), { trace: Number(trace) });
console.log("ready");
await once(process.stdin, "data");
process.stdin.destroy();
const reports = await deliver(requests, [langfuseAt(url)], {
  paths: storePathsAt(root),
  // A busy machine may stop the other process for as long as it likes.
  budgetMs: 100_000,
});
console.log(JSON.stringify(reports));
