import { isDelivered } from "../../deliver/delivery-report.js";
import { discardOutbox } from "../../deliver/discard-outbox.js";
import { type OutboxStatus, outboxStatus } from "../../deliver/outbox-status.js";
import { pushOutbox } from "../../deliver/push-outbox.js";
import { resolveDestinations } from "../../deliver/resolve-destinations.js";
import { type StorePaths, storePaths } from "../../deliver/store-paths.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { plural } from "../../view/format.js";
import { terminalJson } from "../../view/terminal-json.js";
import { deliveryAdvice, deliveryText, whileWaiting } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { readSettings } from "../settings.js";
import type { Terminal } from "../terminal.js";

export interface PushFlags {
  readonly status?: boolean;
  readonly json?: boolean;
  readonly timeout?: number;
  /** The id of a destination, as `--status` shows it. */
  readonly discard?: string;
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
  if (flags.discard !== undefined) return discard(flags.discard, paths, flags, terminal);
  const destinations = resolveDestinations(readSettings({}, terminal).destinations);
  const pushing = pushOutbox(destinations, { paths, budgetMs: flags.timeout ?? DEFAULT_BUDGET_MS });
  const { reports, unconfigured } = await whileWaiting(terminal, destinations, pushing);
  if (flags.json) {
    terminal.out(`${terminalJson({ reports, unconfigured })}\n`);
  } else {
    for (const report of reports) terminal.out(`${deliveryText(report)}\n`);
    for (const one of unconfigured) {
      terminal.out(`${statusText(one)}\n`);
      terminal.out(
        `  It is not configured now, so this stays. Configure it and push again, or throw it away: looptrace push --discard ${one.destination.id}\n`,
      );
    }
    if (reports.length === 0 && unconfigured.length === 0)
      terminal.out("The outbox is empty, and no destination is configured.\n");
  }
  for (const advice of deliveryAdvice(reports)) terminal.err(`${advice}\n`);
  return isDelivered(reports) && unconfigured.length === 0 ? EXIT.ok : EXIT.undelivered;
}

async function discard(
  id: string,
  paths: StorePaths,
  flags: PushFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const known = (await outboxStatus(paths)).find(({ destination }) => destination.id === id);
  if (!known) {
    throw new ConfigurationError(
      "--discard",
      `Nothing waits for ${JSON.stringify(id)}; \`looptrace push --status\` shows the ids of those that something waits for.`,
    );
  }
  const { destination, requests, spans } = await discardOutbox(paths, id);
  if (flags.json) terminal.out(`${terminalJson({ destination, requests, spans })}\n`);
  else
    terminal.out(
      `${destination.label}: ${plural(spans, "span")} in ${plural(requests, "request")} thrown away\n`,
    );
  return EXIT.ok;
}

function statusText(status: OutboxStatus): string {
  const { destination, requests, spans, bytes, sinceMs, rejectedRequests, lastError } = status;
  const since = sinceMs === undefined ? "" : ` since ${new Date(sinceMs).toISOString()}`;
  const waiting =
    requests === 0
      ? "nothing waits"
      : `${plural(spans, "span")} in ${plural(requests, "request")} (${plural(bytes, "byte")})${since}`;
  const rejected = rejectedRequests > 0 ? `, ${plural(rejectedRequests, "rejected request")} kept` : "";
  return `${destination.label} [${destination.id}]: ${waiting}${rejected}${lastError ? `, last error: ${lastError.message}` : ""}`;
}
