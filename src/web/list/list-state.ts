import { type Filters, NO_FILTERS } from "./filters.js";
import { NEWEST_FIRST, SORT_KEYS, type Sorting } from "./sort.js";

/** How the list is looked at. */
export interface ListState {
  readonly filters: Filters;
  readonly sorting: Sorting;
}

const NAMES = ["query", "outcome", "model", "minCost", "maxCost", "minTime", "maxTime"] as const;

/** The state as it stands behind the `#` of the address, so that it is there again on the way back from a session. */
export function hashOf({ filters, sorting }: ListState): string {
  const parameters = new URLSearchParams();
  for (const name of NAMES) if (filters[name] !== "") parameters.set(name, filters[name]);
  const { key, isDescending } = sorting;
  if (key !== NEWEST_FIRST.key || isDescending !== NEWEST_FIRST.isDescending) {
    parameters.set("sort", `${isDescending ? "-" : ""}${key}`);
  }
  return parameters.toString();
}

/** What `hashOf` wrote, with or without the `#`; what makes no sense in it counts as not there. */
export function stateOf(hash: string): ListState {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const filters = Object.fromEntries(NAMES.map((name) => [name, parameters.get(name) ?? ""]));
  const wanted = parameters.get("sort") ?? "";
  const key = SORT_KEYS.find((one) => one === wanted.replace(/^-/, ""));
  return {
    filters: { ...NO_FILTERS, ...filters },
    sorting: key === undefined ? NEWEST_FIRST : { key, isDescending: wanted.startsWith("-") },
  };
}
