/** Langfuse's API for dashboards, by its source (web/src/pages/api/public/unstable). */
import { z } from "zod";
import { fieldsOf } from "../../../src/text/json-fields.js";
import type { ApiQuestion } from "../receiver.js";
import type { ApiAnswer } from "./answer-observations.js";
import { refusalOf, widgetBody } from "./widget-rules.js";

const placement = z.strictObject({
  type: z.literal("widget"),
  id: z.string(),
  widgetId: z.string(),
  x: z.number().int().gte(0),
  y: z.number().int().gte(0),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
});
const definition = z.object({ widgets: z.array(placement) });
const dashboardBody = z.object({
  name: z.string().min(1),
  description: z.string().default(""),
  definition: definition.default({ widgets: [] }),
});

type Stored<Body> = Body & { readonly id: string };
type Widget = Stored<z.output<typeof widgetBody>>;
type Dashboard = Stored<z.output<typeof dashboardBody>>;

/** A project's dashboards and widgets. */
export class Dashboards {
  readonly dashboards = new Map<string, Dashboard>();
  readonly widgets = new Map<string, Widget>();
  /** Every change, such as `POST dashboards`. */
  readonly changes: string[] = [];
  /** What a test does to a question before it is answered. */
  refuses: ((question: ApiQuestion) => ApiAnswer | undefined) | undefined;
  #made = 0;

  readonly api = (question: ApiQuestion): ApiAnswer | undefined => {
    const match = /^\/api\/public\/unstable\/(dashboards|dashboard-widgets)(?:\/([\w-]+))?$/.exec(question.path);
    if (!match) return undefined;
    const [, what, id] = match;
    const refused = this.refuses?.(question);
    if (refused) return refused;
    if (question.method !== "GET") this.changes.push(`${question.method} ${what}`);
    return what === "dashboards" ? this.#dashboards(question, id) : this.#widgets(question, id);
  };

  #widgets({ method, query, json }: ApiQuestion, id: string | undefined): ApiAnswer {
    const known = id === undefined ? undefined : this.widgets.get(id);
    if (id !== undefined && !known) return missing("Dashboard widget");
    if (method === "GET") return listed([...this.widgets.values()], query);
    if (method === "DELETE" && id !== undefined) {
      const used = [...this.dashboards.values()].find((one) =>
        one.definition.widgets.some(({ widgetId }) => widgetId === id),
      );
      if (used)
        return failed(
          409,
          "conflict",
          `Cannot delete widget because it is still used in the following dashboards: "${used.name}".`,
        );
      this.widgets.delete(id);
      return { status: 200, body: { message: "Dashboard widget successfully deleted" } };
    }
    const body = { ...known, ...fieldsOf(json) };
    const refusal = refusalOf(body);
    if (refusal !== undefined) return failed(400, "invalid_request", refusal);
    const stored = { ...widgetBody.parse(body), id: id ?? this.#id("widget") };
    this.widgets.set(stored.id, stored);
    return { status: 200, body: dated(stored) };
  }

  #dashboards({ method, query, json }: ApiQuestion, id: string | undefined): ApiAnswer {
    const known = id === undefined ? undefined : this.dashboards.get(id);
    if (id !== undefined && !known) return missing("Dashboard");
    if (method === "GET") return listed([...this.dashboards.values()], query);
    if (method === "DELETE" && id !== undefined) {
      this.dashboards.delete(id);
      return { status: 200, body: { message: "Dashboard successfully deleted" } };
    }
    const parsed = dashboardBody.safeParse({ ...known, ...fieldsOf(json) });
    if (!parsed.success) return failed(400, "invalid_body", parsed.error.issues[0]?.message ?? "");
    const lost = parsed.data.definition.widgets.find(({ widgetId }) => !this.widgets.has(widgetId));
    if (lost) return missing(`Dashboard widget ${lost.widgetId}`);
    const stored = { ...parsed.data, id: id ?? this.#id("dashboard") };
    this.dashboards.set(stored.id, stored);
    return { status: 200, body: dated(stored) };
  }

  #id(what: string): string {
    this.#made += 1;
    return `${what}-${this.#made}`;
  }
}

function dated(stored: object): object {
  return {
    ...stored,
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:00.000Z",
    filters: fieldsOf(stored).filters ?? [],
  };
}

function listed(all: readonly object[], query: URLSearchParams): ApiAnswer {
  const page = Number(query.get("page") ?? 1);
  const limit = Number(query.get("limit") ?? 50);
  const data = all.slice((page - 1) * limit, page * limit).map(dated);
  const meta = { page, limit, totalItems: all.length, totalPages: Math.ceil(all.length / limit) };
  return { status: 200, body: { data, meta } };
}

function missing(what: string): ApiAnswer {
  return failed(404, "resource_not_found", `${what} not found`);
}

function failed(status: number, code: string, message: string): ApiAnswer {
  return { status, body: { message, code } };
}
