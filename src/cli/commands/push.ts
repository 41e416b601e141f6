import { isDelivered } from "../../deliver/delivery-report.js";
import { type OutboxStatus, outboxStatus } from "../../deliver/outbox-status.js";
import { pushOutbox } from "../../deliver/push-outbox.js";
import { resolveDestinations } from "../../deliver/resolve-destinations.js";
import { storePaths } from "../../deliver/store-paths.js";
import { plural } from "../../view/format.js";
import { terminalJson } from "../../view/terminal-json.js";
import { deliveryAdvice, deliveryText } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { readSettings } from "../settings.js";
import type { Terminal } from "../terminal.js";

export interface PushFlags {
  readonly status?: boolean;
  readonly json?: boolean;
  readonly timeout?: number;
}

/** Somebody who asks for a delivery waits longer than somebody who asked for a run. */
const DEFAULT_BUDGET_MS = 60_000;

/** `looptrace push`: delivers what is still in the outbox, or shows it. */
export async function push(flags: PushFlags, terminal: Terminal): Promise<ExitCode> {
  const paths = storePaths(terminal.env);
  if (flags.status) {
    const status = await outboxStatus(paths);
    if (flags.json) terminal.out(`${terminalJson(status)}\n`);
    else terminal.out(status.map((one) => `${statusText(one)}\n`).join("") || "The outbox is empty.\n");
    return EXIT.ok;
  }
  const destinations = resolveDestinations(readSettings({}, terminal).destinations);
  const { reports, unconfigured } = await pushOutbox(destinations, {
    paths,
    budgetMs: flags.timeout ?? DEFAULT_BUDGET_MS,
  });
  if (flags.json) {
    terminal.out(`${terminalJson({ reports, unconfigured })}\n`);
  } else {
    for (const report of reports) terminal.out(`${deliveryText(report)}\n`);
    for (const one of unconfigured) terminal.out(`${statusText(one)}; not configured now, so it stays\n`);
    if (reports.length === 0 && unconfigured.length === 0)
      terminal.out("The outbox is empty, and no destination is configured.\n");
  }
  for (const advice of deliveryAdvice(reports)) terminal.err(`${advice}\n`);
  return isDelivered(reports) && unconfigured.length === 0 ? EXIT.ok : EXIT.undelivered;
}

function statusText(status: OutboxStatus): string {
  const { destination, requests, spans, bytes, sinceMs, rejectedRequests, lastError } = status;
  const since = sinceMs === undefined ? "" : ` since ${new Date(sinceMs).toISOString()}`;
  const waiting =
    requests === 0
      ? "nothing waits"
      : `${plural(spans, "span")} in ${plural(requests, "request")} (${plural(bytes, "byte")})${since}`;
  const rejected = rejectedRequests > 0 ? `, ${plural(rejectedRequests, "rejected request")} kept` : "";
  return `${destination.label}: ${waiting}${rejected}${lastError ? `, last error: ${lastError.message}` : ""}`;
}
