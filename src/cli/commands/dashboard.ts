import { askForProject } from "../../deliver/destinations/langfuse-project.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { DashboardApi } from "../../langfuse/dashboard/dashboard-api.js";
import { type DashboardChange, removeDashboard, syncDashboard } from "../../langfuse/dashboard/sync-dashboard.js";
import { plural } from "../../text/format.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { CommandContext } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { langfuseOf } from "../langfuse-of.js";
import type { Terminal } from "../terminal.js";

export interface DashboardFlags {
  readonly remove?: boolean;
  readonly dryRun?: boolean;
  /** As Langfuse's addresses have it. */
  readonly range?: string;
  readonly json?: boolean;
}

/** Langfuse itself shows a day, in which most projects have little. */
const RANGE = "30d";

/**
 * `looptrace dashboard`: makes a dashboard in Langfuse, brings it up to date or takes it away.
 *
 * @throws {ConfigurationError} when no Langfuse is configured
 * @throws {LangfuseApiError} when it does not answer, or has no API for dashboards
 */
export async function dashboard(flags: DashboardFlags, terminal: Terminal): Promise<ExitCode> {
  const { remove = false, dryRun = false, range = RANGE } = flags;
  if (remove && flags.range !== undefined)
    throw new ConfigurationError("--range", "--range is for the link to a dashboard, and --remove takes it away.");
  const context = new CommandContext({}, terminal, { uses: ["destination"] });
  const langfuse = langfuseOf(context, terminal);
  const api = new DashboardApi(langfuse);
  const { id, changes } = await (remove ? removeDashboard : syncDashboard)(api, { dryRun });
  const url = id === null ? null : await linkTo(id, range, langfuse.destination);
  if (flags.json) terminal.out(`${terminalJson({ id, url, dryRun, changes })}\n`);
  else {
    terminal.out(`${summaryOf(changes, { remove, dryRun })}\n`);
    if (url !== null) terminal.out(`${url}\n`);
  }
  for (const { name, done, why } of changes)
    if (why !== null && (done === "refused" || done === "kept"))
      terminal.err(`looptrace: ${oneLine(name)} was ${done === "kept" ? "kept" : "left out"}: ${oneLine(why)}\n`);
  return changes.some(({ done }) => done === "refused") ? EXIT.incomplete : EXIT.ok;
}

/** @returns null where Langfuse does not say which project the keys are of */
async function linkTo(
  id: string,
  range: string,
  destination: Parameters<typeof askForProject>[0],
): Promise<string | null> {
  const answer = await askForProject(destination);
  if (answer.kind !== "named") return null;
  const base = answer.project.tracesUrl.replace(/\/traces$/, "");
  return `${base}/dashboards/${encodeURIComponent(id)}?dateRange=${encodeURIComponent(range)}`;
}

function summaryOf(
  changes: readonly DashboardChange[],
  { remove, dryRun }: { readonly remove: boolean; readonly dryRun: boolean },
): string {
  const itself = changes.find(({ what }) => what === "dashboard");
  if (remove && !itself) return "There is no dashboard of looptrace's in this project.";
  const times = new Map<DashboardChange["done"], number>();
  for (const { what, done } of changes) if (what === "widget") times.set(done, (times.get(done) ?? 0) + 1);
  const widgets = [...times].map(([done, many]) => `${plural(many, "widget")} ${done}`).join(", ");
  const would = dryRun ? "Nothing was done. It would be: the" : "The";
  return `${would} dashboard “${oneLine(itself?.name ?? "")}” ${itself?.done ?? "unchanged"}; ${widgets || "no widgets"}.`;
}
