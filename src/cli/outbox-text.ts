import { join } from "node:path";
import type { DestinationInfo } from "../deliver/destinations/destination.js";
import { addressOf } from "../deliver/destinations/refused-keys.js";
import { itemsText } from "../deliver/items-text.js";
import type { Discarded } from "../deliver/queue/discard-outbox.js";
import type { OutboxStatus } from "../deliver/queue/outbox-status.js";
import type { StorePaths } from "../files/store-paths.js";
import { bytesText, duration, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";

/**
 * What waits for one destination, on a few lines: for whom, how much, since when, why.
 *
 * @param now ms since the epoch
 */
export function statusText(status: OutboxStatus, paths: StorePaths, now: number): string {
  const { destination, requests, bytes, sinceMs, rejectedRequests, lastError } = status;
  const since = sinceMs === undefined ? "" : `, since ${moment(sinceMs, now)}`;
  const lines = [
    requests > 0
      ? `${itemsText(status)} in ${plural(requests, "request")} (${bytesText(bytes)})${since}`
      : "nothing waits",
    lastError ? `last error, ${moment(lastError.atMs, now)}: ${oneLine(lastError.message)}` : "",
    rejectedRequests > 0
      ? `${plural(rejectedRequests, "rejected request")} kept in ${join(paths.rejected, destination.id)}`
      : "",
  ];
  return [whom(destination), ...lines.filter(Boolean).map((line) => `  ${line}`)].join("\n");
}

/** Two destinations may have the same label, but never all of it. */
function whom({ id, label, url }: DestinationInfo): string {
  return `${oneLine(label)} [${id}]${url === "" ? "" : ` ${oneLine(url)}`}`;
}

/** How to deliver what waits for a destination that is configured, and how to be rid of it. */
export function nextText(destination: DestinationInfo): string {
  return ["  To deliver it: looptrace push", `  To throw it away: looptrace push --discard ${destination.id}`].join(
    "\n",
  );
}

/** What would deliver what waits for a destination that is not configured now, and how to be rid of it. */
export function wayOutText(destination: DestinationInfo): string {
  return [
    `  It is not configured now, so this stays. ${settingsText(destination)}`,
    `  To throw it away: looptrace push --discard ${destination.id}`,
  ].join("\n");
}

function settingsText(destination: DestinationInfo): string {
  const { kind, url, keyStart } = destination;
  // The note beside the requests is lost or damaged.
  if (url === "") return "Where it was to go is not known any more.";
  const address = oneLine(addressOf(destination));
  const key = keyStart === undefined ? "" : oneLine(keyStart);
  if (kind === "langfuse") {
    return `To deliver it, push with LANGFUSE_BASE_URL=${address}, the LANGFUSE_PUBLIC_KEY${key === "" ? "" : ` that begins ${key}`} and its LANGFUSE_SECRET_KEY.`;
  }
  return `To deliver it, push with OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${address} and the OTEL_EXPORTER_OTLP_HEADERS that it wants${key === "" ? "" : ` (user ${key})`}.`;
}

/** Exactly what was thrown away. @param now ms since the epoch */
export function discardedText(discarded: Discarded, now: number): string {
  const { destination, requests, traceIds, fromMs, toMs, inDelivery } = discarded;
  const times = [fromMs, toMs].flatMap((ms) => (ms === undefined ? [] : [moment(ms, now)]));
  const span = [...new Set(times)].join(" to ");
  const of = traceIds.length > 0 ? ` of ${plural(traceIds.length, "trace")}` : "";
  return [
    `${whom(destination)}`,
    `  thrown away: ${itemsText(discarded)}${of} in ${plural(requests, "request")}${span === "" ? "" : `, from ${span}`}`,
    ...traceIds.map((traceId) => `  trace ${oneLine(traceId)}`),
    ...(inDelivery > 0 ? [`  ${plural(inDelivery, "request")} stay, as another looptrace is delivering them`] : []),
  ].join("\n");
}

function moment(ms: number, now: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "an unknown time";
  return `${date.toISOString().replace(/\.\d+Z$/, "Z")}${ago(now - ms)}`;
}

const DAY_MS = 86_400_000;

function ago(ms: number): string {
  if (ms < 1000) return "";
  const days = Math.floor(ms / DAY_MS);
  if (days >= 2) return ` (${days} days ago)`;
  const seconds = Math.floor(ms / 1000);
  return ` (${seconds < 60 ? `${seconds}s` : duration(seconds * 1000)} ago)`;
}
