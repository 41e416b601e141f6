import { z } from "zod";
import type { LangfuseApi } from "../api/langfuse-api.js";
import { LangfuseApiError } from "../api/langfuse-api-error.js";
import type { Widget } from "./widgets.js";

const DASHBOARDS = "/unstable/dashboards";
const WIDGETS = "/unstable/dashboard-widgets";

const placement = z.looseObject({
  id: z.string(),
  type: z.string(),
  widgetId: z.string().optional(),
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
});

const dashboard = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  definition: z.object({ widgets: z.array(placement) }),
});

const widget = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  view: z.string(),
  dimensions: z.array(z.object({ field: z.string() })),
  metrics: z.array(z.object({ measure: z.string(), agg: z.string() })),
  filters: z.array(z.record(z.string(), z.unknown())),
  chartType: z.string(),
  chartConfig: z.record(z.string(), z.unknown()),
});

/** A widget's place on a dashboard. */
export type Placement = z.output<typeof placement>;
/** A dashboard as it is there. */
export type StoredDashboard = z.output<typeof dashboard>;
/** A widget as it is there. */
export type StoredWidget = z.output<typeof widget>;

const anything = z.unknown();
const AT_ONCE = 100;
/** A project with more has another trouble. */
const MOST_PAGES = 100;

/** A Langfuse's dashboards and widgets, through an API that Langfuse calls unstable. */
export class DashboardApi {
  readonly #api: LangfuseApi;

  constructor(api: LangfuseApi) {
    this.#api = api;
  }

  /** @throws {LangfuseApiError} when there is no such API, which came with Langfuse 4 */
  async dashboards(): Promise<readonly StoredDashboard[]> {
    try {
      return await this.#all(DASHBOARDS, dashboard);
    } catch (error) {
      if (!(error instanceof LangfuseApiError) || error.kind !== "missing") throw error;
      const { label, orElsewhere } = this.#api;
      const message = `${label} has no API for dashboards (${error.status}): it came with Langfuse 4, so update an older server or look at its own dashboards; ${orElsewhere}.`;
      throw new LangfuseApiError("missing", message, error.status);
    }
  }

  /** @throws {LangfuseApiError} */
  async widgets(): Promise<readonly StoredWidget[]> {
    return this.#all(WIDGETS, widget);
  }

  /** @throws {LangfuseApiError} `refused` for a widget that this server does not know how to draw */
  async makeWidget(body: Widget): Promise<string> {
    return (await this.#api.send("POST", WIDGETS, z.object({ id: z.string() }), body)).id;
  }

  async changeWidget(id: string, body: Widget): Promise<void> {
    await this.#api.send("PATCH", `${WIDGETS}/${encodeURIComponent(id)}`, anything, body);
  }

  async removeWidget(id: string): Promise<void> {
    await this.#api.send("DELETE", `${WIDGETS}/${encodeURIComponent(id)}`, anything);
  }

  async makeDashboard(body: object): Promise<string> {
    return (await this.#api.send("POST", DASHBOARDS, z.object({ id: z.string() }), body)).id;
  }

  async changeDashboard(id: string, body: object): Promise<void> {
    await this.#api.send("PATCH", `${DASHBOARDS}/${encodeURIComponent(id)}`, anything, body);
  }

  async removeDashboard(id: string): Promise<void> {
    await this.#api.send("DELETE", `${DASHBOARDS}/${encodeURIComponent(id)}`, anything);
  }

  async #all<Schema extends z.ZodType>(path: string, item: Schema): Promise<z.output<Schema>[]> {
    const found: z.output<Schema>[] = [];
    // Another looptrace's widgets may have shapes that this one does not read; what matters is known by its mark.
    const page = z.object({ data: z.array(z.unknown()), meta: z.object({ totalPages: z.number() }) });
    for (let number = 1; number <= MOST_PAGES; number += 1) {
      const { data, meta } = await this.#api.get(path, page, { query: { page: number, limit: AT_ONCE } });
      for (const one of data) {
        const read = item.safeParse(one);
        if (read.success) found.push(read.data);
      }
      if (number >= meta.totalPages || data.length === 0) break;
    }
    return found;
  }
}
