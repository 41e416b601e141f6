import { isDeepStrictEqual } from "node:util";
import { LangfuseApiError } from "../api/langfuse-api-error.js";
import type { DashboardApi, Placement, StoredDashboard, StoredWidget } from "./dashboard-api.js";
import { DASHBOARD, DASHBOARD_MARK, keyIn, type PlacedWidget, WIDGETS, type Widget } from "./widgets.js";

/** What was done about one widget, or the dashboard itself (`dashboard`). */
export interface DashboardChange {
  readonly what: "dashboard" | "widget";
  /** As people see it. */
  readonly name: string;
  /** `refused`: this server does not know how to draw it; it is left out. `kept`: it stands on another dashboard too. */
  readonly done: "made" | "changed" | "unchanged" | "removed" | "refused" | "kept";
  /** Why it was refused or kept; null where nothing is to be said. */
  readonly why: string | null;
}

/** What became of the dashboard. */
export interface DashboardResult {
  /** Its id; null where there is none (any more, or yet). */
  readonly id: string | null;
  readonly changes: readonly DashboardChange[];
}

/** How it is brought about. */
export interface DashboardOptions {
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Makes looptrace's dashboard, or brings the one that is there up to date. It is known by a mark in its description, and
 * so are its widgets: a second call changes nothing. What a person has put beside them stays; what they were renamed to
 * stays the dashboard's name.
 *
 * @throws {LangfuseApiError} when the server does not answer, or has no such API
 */
export async function syncDashboard(
  api: DashboardApi,
  { dryRun = false }: DashboardOptions = {},
): Promise<DashboardResult> {
  const existing = (await api.dashboards()).find(isLooptraces);
  const stored = widgetsByKey(await api.widgets());
  const changes: DashboardChange[] = [];
  const placed: Placement[] = [];
  for (const one of WIDGETS) {
    const [known, ...others] = stored.get(one.key) ?? [];
    const { id, change } = await syncWidget(api, one, known, dryRun);
    changes.push(change);
    if (id !== undefined) placed.push(placementOf(one, id));
    if (known) stored.set(one.key, others);
  }
  // Those that another version made, and such as came twice.
  const old = [...stored.values()].flat();
  const ours = new Set([...placed.map(({ widgetId }) => widgetId), ...old.map(({ id }) => id)]);
  const definition = { widgets: [...placed, ...besides(existing, ours)] };
  const { id, done } = await syncItself(api, existing, definition, dryRun).catch((error: unknown) => {
    throw itselfRefused(error, changes);
  });
  for (const one of old) changes.push(await removeWidget(api, one, dryRun));
  return { id, changes: [{ what: "dashboard", name: existing?.name ?? DASHBOARD.name, done, why: null }, ...changes] };
}

/**
 * Takes the dashboard away, with its widgets.
 *
 * @throws {LangfuseApiError} when the server does not answer, or has no such API
 */
export async function removeDashboard(
  api: DashboardApi,
  { dryRun = false }: DashboardOptions = {},
): Promise<DashboardResult> {
  const changes: DashboardChange[] = [];
  for (const { id, name } of (await api.dashboards()).filter(isLooptraces)) {
    if (!dryRun) await api.removeDashboard(id);
    changes.push({ what: "dashboard", name, done: "removed", why: null });
  }
  for (const one of [...widgetsByKey(await api.widgets()).values()].flat())
    changes.push(await removeWidget(api, one, dryRun));
  return { id: null, changes };
}

function isLooptraces({ description }: StoredDashboard): boolean {
  return description.includes(DASHBOARD_MARK);
}

function widgetsByKey(widgets: readonly StoredWidget[]): Map<string, readonly StoredWidget[]> {
  const byKey = new Map<string, readonly StoredWidget[]>();
  for (const one of widgets) {
    const key = keyIn(one.description);
    if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), one]);
  }
  return byKey;
}

async function syncWidget(
  api: DashboardApi,
  { key, widget }: PlacedWidget,
  known: StoredWidget | undefined,
  dryRun: boolean,
): Promise<{ readonly id: string | undefined; readonly change: DashboardChange }> {
  const told = (done: DashboardChange["done"], why: string | null = null): DashboardChange => ({
    what: "widget",
    name: widget.name,
    done,
    why,
  });
  if (known && isSame(known, widget)) return { id: known.id, change: told("unchanged") };
  try {
    if (known) {
      if (!dryRun) await api.changeWidget(known.id, widget);
      return { id: known.id, change: told("changed") };
    }
    return { id: dryRun ? key : await api.makeWidget(widget), change: told("made") };
  } catch (error) {
    if (!(error instanceof LangfuseApiError) || error.kind !== "refused") throw error;
    return { id: known?.id, change: told("refused", error.message) };
  }
}

/** Whether a widget is as it should be; a server may add to it what it has as a default. */
function isSame(stored: StoredWidget, wanted: Widget): boolean {
  const { chartConfig, filters, ...rest } = wanted;
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  const same = Object.entries(rest).every(([name, value]) =>
    isDeepStrictEqual(plain(stored[name as keyof StoredWidget]), plain(value)),
  );
  const asConfigured = Object.entries(chartConfig).every(([name, value]) =>
    isDeepStrictEqual(plain(stored.chartConfig[name]), plain(value)),
  );
  return same && asConfigured && isDeepStrictEqual(plain(stored.filters), plain(filters));
}

function placementOf({ key, x, y, width, height }: PlacedWidget, widgetId: string): Placement {
  return { type: "widget", id: `looptrace-${key}`, widgetId, x, y, width, height };
}

/** What a person has put on the dashboard, below looptrace's widgets where it would be in their place. */
function besides(existing: StoredDashboard | undefined, ours: ReadonlySet<string | undefined>): readonly Placement[] {
  const bottom = Math.max(...WIDGETS.map(({ y, height }) => y + height));
  const others = (existing?.definition.widgets ?? []).filter(
    ({ id, widgetId }) => !id.startsWith("looptrace-") && (widgetId === undefined || !ours.has(widgetId)),
  );
  const highest = Math.min(...others.map(({ y }) => y));
  const down = Math.max(0, bottom - highest);
  return others.map((one) => ({ ...one, y: one.y + down }));
}

async function syncItself(
  api: DashboardApi,
  existing: StoredDashboard | undefined,
  definition: StoredDashboard["definition"],
  dryRun: boolean,
): Promise<{ readonly id: string | null; readonly done: DashboardChange["done"] }> {
  if (!existing) {
    const { name, description } = DASHBOARD;
    const id = dryRun ? null : await api.makeDashboard({ name, description, definition });
    return { id, done: "made" };
  }
  const { id } = existing;
  const isAsItShouldBe =
    isDeepStrictEqual(existing.definition, definition) && existing.description === DASHBOARD.description;
  if (isAsItShouldBe) return { id, done: "unchanged" };
  if (!dryRun) await api.changeDashboard(id, { description: DASHBOARD.description, definition });
  return { id, done: "changed" };
}

/** Of a dashboard that was refused, also how many of its widgets were, since without it they are told of nowhere. */
function itselfRefused(error: unknown, widgets: readonly DashboardChange[]): unknown {
  if (!(error instanceof LangfuseApiError) || error.kind !== "refused") return error;
  const refused = widgets.filter(({ done }) => done === "refused").length;
  const others = refused === 0 ? "" : ` ${refused} of its ${widgets.length} widgets were refused too.`;
  const message = `The dashboard itself was refused: ${error.message}.${others} A later looptrace may know this Langfuse.`;
  return new LangfuseApiError("refused", message, error.status);
}

/** A widget that a person has put on another dashboard as well stays. */
async function removeWidget(api: DashboardApi, { id, name }: StoredWidget, dryRun: boolean): Promise<DashboardChange> {
  try {
    if (!dryRun) await api.removeWidget(id);
    return { what: "widget", name, done: "removed", why: null };
  } catch (error) {
    if (!(error instanceof LangfuseApiError) || (error.status !== 409 && error.kind !== "missing")) throw error;
    return { what: "widget", name, done: error.status === 409 ? "kept" : "removed", why: error.message };
  }
}
