import { itemsText, sumItems } from "../deliver/items-text.js";
import type { StoreFacts } from "../deliver/queue/inspect-store.js";
import type { OutboxStatus } from "../deliver/queue/outbox-status.js";
import { bytesText, plural } from "../text/format.js";
import { type Finding, failed, failedWith, ok, warning } from "./finding.js";

/** Less free space than this is used up by a few long sessions. */
const LITTLE_SPACE_BYTES = 200_000_000;

/** About looptrace's own folder, its outbox, and the disk that they are on. */
export function storeFindings(facts: StoreFacts): readonly Finding[] {
  if (facts.foreign !== undefined) return [failedWith("store", facts.foreign), ...diskFindings(facts)];
  const outbox = outboxFinding(facts);
  // Why the folder is of no use is said already.
  const isSaid = facts.problem !== undefined && outbox.status === "failed";
  return [folderFinding(facts), ...(isSaid ? [] : [outbox]), ...diskFindings(facts)];
}

function folderFinding({ root, isThere, mode, problem, sessionsBytes }: StoreFacts): Finding {
  const check = "store";
  if (problem !== undefined) {
    const { path, reason } = problem;
    return failed(
      check,
      `${path} cannot be ${isThere ? "written to" : "made"}: ${reason}`,
      `Sessions and traces cannot be kept. Let this user ${isThere ? `write there (\`ls -ld ${path}\` shows who may)` : "make it"}, or name another folder by LOOPTRACE_HOME.`,
    );
  }
  if (!isThere) return ok(check, `${root} is not there yet and can be made`);
  const size = sessionsBytes === undefined ? "" : `, ${bytesText(sessionsBytes)} of sessions`;
  const found = `${root} can be written to${size}`;
  if (mode !== undefined && (mode & 0o077) !== 0) {
    return warning(
      check,
      `${found}, but others may use it (0${mode.toString(8)})`,
      `It holds what your sessions hold: \`chmod 700 ${root}\`. looptrace does it too, when it next writes there.`,
    );
  }
  return ok(check, found);
}

function outboxFinding({ outbox, outboxBytes, fullness }: StoreFacts): Finding {
  if ("problem" in outbox) return failedWith("outbox", outbox.problem);
  const waiting = outbox.filter(({ requests }) => requests > 0);
  const rejected = outbox.reduce((sum, { rejectedRequests }) => sum + rejectedRequests, 0);
  const kept = rejected > 0 ? `; ${plural(rejected, "request")} refused for good, kept below rejected/` : "";
  if (waiting.length === 0) return ok("outbox", `nothing waits${kept}`);
  const requests = waiting.reduce((sum, one) => sum + one.requests, 0);
  const items = sumItems(waiting);
  const since = oldest(waiting);
  const size = outboxBytes === undefined ? "" : ` (${bytesText(outboxBytes)})`;
  const whom = waiting.map(({ destination }) => destination.label).join(", ");
  const why = waiting.flatMap(({ lastError }) => (lastError ? [lastError.message] : []));
  const because = why.length > 0 ? `; last error: ${[...new Set(why)].join("; ")}` : "";
  return warning(
    "outbox",
    `${itemsText(items)} in ${plural(requests, "request")}${size} ${itemsText(items) === "1 span" ? "waits" : "wait"} for ${whom}${since}${kept}${because}`,
    `${fullness === undefined ? "" : `${capital(fullness)}. `}\`looptrace push\` sends what waits, \`looptrace push --status\` says more.`,
  );
}

function oldest(waiting: readonly OutboxStatus[]): string {
  const times = waiting.flatMap(({ sinceMs }) => (sinceMs === undefined ? [] : [sinceMs]));
  if (times.length === 0) return "";
  const date = new Date(Math.min(...times));
  // A file's name may hold a time that is none.
  return Number.isNaN(date.getTime()) ? "" : ` since ${date.toISOString().replace(/\.\d+Z$/, "Z")}`;
}

function diskFindings({ root, freeBytes }: StoreFacts): readonly Finding[] {
  if (freeBytes === undefined) return [];
  const found = `${bytesText(freeBytes)} free where ${root} is`;
  if (freeBytes >= LITTLE_SPACE_BYTES) return [ok("disk", found)];
  const advice = `Less than ${bytesText(LITTLE_SPACE_BYTES)}: make room, or name a folder on another disk by LOOPTRACE_HOME.`;
  return [warning("disk", found, advice)];
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
