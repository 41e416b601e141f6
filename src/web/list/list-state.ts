import { type Filters, NO_FILTERS } from "./filters.js";
import { MEASURES, type Measure } from "./over-time.js";
import { NEWEST_FIRST, SORT_KEYS, type Sorting } from "./sort.js";

/** How the list is looked at. */
export interface ListState {
  readonly filters: Filters;
  readonly sorting: Sorting;
  /** What the chart draws. */
  readonly measure: Measure;
  /** The ids of two sessions that are shown side by side; null for the list. */
  readonly compared: readonly [string, string] | null;
}

const NAMES = [
  ...(["query", "outcome", "model", "project", "tag", "from", "to"] as const),
  ...(["minCost", "maxCost", "minTime", "maxTime"] as const),
];

/** The state as it stands behind the `#` of the address, so that it is there again on the way back from a session. */
export function hashOf({ filters, sorting, measure, compared }: ListState): string {
  const parameters = new URLSearchParams();
  for (const name of NAMES) if (filters[name] !== "") parameters.set(name, filters[name]);
  const { key, isDescending } = sorting;
  if (key !== NEWEST_FIRST.key || isDescending !== NEWEST_FIRST.isDescending) {
    parameters.set("sort", `${isDescending ? "-" : ""}${key}`);
  }
  if (measure !== MEASURES[0]) parameters.set("chart", measure);
  if (compared) parameters.set("compare", compared.join(" "));
  return parameters.toString();
}

/** What `hashOf` wrote, with or without the `#`; what makes no sense in it counts as not there. */
export function stateOf(hash: string): ListState {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const filters = Object.fromEntries(NAMES.map((name) => [name, parameters.get(name) ?? ""]));
  const [a, b, ...more] = (parameters.get("compare") ?? "").split(" ").filter(Boolean);
  const wanted = parameters.get("sort") ?? "";
  const key = SORT_KEYS.find((one) => one === wanted.replace(/^-/, ""));
  return {
    filters: { ...NO_FILTERS, ...filters },
    sorting: key === undefined ? NEWEST_FIRST : { key, isDescending: wanted.startsWith("-") },
    measure: MEASURES.find((one) => one === parameters.get("chart")) ?? MEASURES[0],
    compared: a !== undefined && b !== undefined && more.length === 0 ? [a, b] : null,
  };
}
