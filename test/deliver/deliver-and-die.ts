/**
 * Delivers spans until it is killed: `deliver-and-die.ts <store> <base URL> <trace> <spans> <spans per request>`.
 */
import { deliver } from "../../src/deliver/deliver.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { langfuseAt } from "../support/destinations.js";
import { otlpRequests } from "../support/otlp-requests.js";

const [root = "", url = "", trace, spans, perRequest] = process.argv.slice(2);
const requests = otlpRequests(Number(spans), Number(perRequest), { trace: Number(trace) });
await deliver(requests, [langfuseAt(url)], { paths: storePathsAt(root) });
