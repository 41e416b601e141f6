/** By what statistics are put together, and what belongs where. */
import { isLike } from "../../opencode/model.js";
import { hasOutcome, outcomeText } from "../outcome.js";
import { modelName } from "../row-texts.js";
import type { SessionFacts, TurnFacts } from "../session-facts.js";
import { monthOf, weekOf } from "./calendar.js";
import type { Place } from "./turn-table.js";

/** What statistics can be put together by. */
export const DIMENSIONS = [
  ...(["day", "week", "month", "model", "agent", "project", "branch", "commit", "pr", "tag", "outcome"] as const),
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** What is put together in a row: a value for each dimension, null where nothing tells it. */
export type StatsKey = Readonly<Partial<Record<Dimension, string | null>>>;

/** Of these the order is that of time. */
export function isOfTime(dimension: Dimension): boolean {
  return dimension === "day" || dimension === "week" || dimension === "month";
}

/** Which turns, and of them which figures, count; what is not given excludes nothing. */
export interface StatsFilter {
  /** From then on, ms since the epoch. */
  readonly since?: number | undefined;
  /** Before then, ms since the epoch. */
  readonly until?: number | undefined;
  /** Patterns, in which `*` stands for any characters; of one that has none a part is enough. */
  readonly project?: string | undefined;
  readonly model?: string | undefined;
  readonly agent?: string | undefined;
  readonly branch?: string | undefined;
  readonly tag?: string | undefined;
  /** One of `OUTCOME_WORDS`, and no pattern. */
  readonly outcome?: string | undefined;
}

/**
 * The values of a place; a turn with several tags has several of them.
 *
 * @param day that its figures are of
 */
export function valuesOf(
  dimension: Dimension,
  place: Place,
  { day, projectOf }: { readonly day: string; readonly projectOf: ProjectOf },
): readonly (string | null)[] {
  const { git, tags, model, agent } = place;
  switch (dimension) {
    case "day":
      return [day];
    case "week":
      return [weekOf(day)];
    case "month":
      return [monthOf(day)];
    case "model":
      return [modelName(model)];
    case "agent":
      return [agent];
    case "project":
      return [projectOf(place)];
    case "branch":
      return [git?.branch ?? null];
    case "commit":
      return [git?.commit ?? null];
    case "pr":
      return [requestName(git?.pullRequest)];
    case "tag":
      return tags.length === 0 ? [null] : [...new Set(tags)];
    case "outcome":
      return [outcomeText(place)];
    default:
      return dimension satisfies never;
  }
}

/** What a project is called. */
export type ProjectOf = (place: Pick<Place, "project" | "directory">) => string;

type Request = NonNullable<TurnFacts["git"]>["pullRequest"];

/** Its page where that is known: the numbers of two repositories may be the same. */
function requestName(request: Request | undefined): string | null {
  if (!request) return null;
  return request.url ?? `#${request.number}`;
}

/** A turn's own place. */
export function placeOf({ project, directory }: SessionFacts, turn: TurnFacts): Place {
  const { git, tags, outcome, errorCode, model, agent } = turn;
  return { project, directory, git, tags, outcome, errorCode, model, agent };
}

/** Whether a turn that began at a moment (ms since the epoch) counts by that. */
export function isWantedTime(start: number, { since, until }: StatsFilter): boolean {
  return (since === undefined || start >= since) && (until === undefined || start < until);
}

/** Whether a turn counts by all else, whatever of it does. */
export function isWantedTurn(place: Place, filter: StatsFilter, projectOf: ProjectOf): boolean {
  if (filter.outcome !== undefined && !hasOutcome(place, filter.outcome)) return false;
  return (["project", "branch", "tag"] as const).every((dimension) => {
    const pattern = filter[dimension];
    if (pattern === undefined) return true;
    return valuesOf(dimension, place, { day: "", projectOf }).some((value) => fits(value, pattern));
  });
}

/** Whether what belongs to a model and an agent counts. */
export function isWantedPlace({ model, agent }: Pick<Place, "model" | "agent">, filter: StatsFilter): boolean {
  const { model: ofModel, agent: ofAgent } = filter;
  if (ofModel !== undefined && !fits(modelName(model), ofModel)) return false;
  return ofAgent === undefined || fits(agent, ofAgent);
}

function fits(value: string | null, pattern: string): boolean {
  if (value === null) return false;
  return isLike(value, pattern.includes("*") ? pattern : `*${pattern}*`);
}

/**
 * How projects are called: by the shortest directory of all sessions with opencode's id of the project, since worktrees
 * are of the same one; without an id by the directory.
 */
export function projectNames(all: readonly Pick<Place, "project" | "directory">[]): ProjectOf {
  const shortest = new Map<string, string>();
  for (const one of all) {
    const key = projectKey(one);
    const known = shortest.get(key);
    const { directory } = one;
    if (
      known === undefined ||
      directory.length < known.length ||
      (directory.length === known.length && directory < known)
    )
      shortest.set(key, directory);
  }
  return (one) => shortest.get(projectKey(one)) ?? one.directory;
}

/** opencode calls all that is in no repository `global`. */
function projectKey({ project, directory }: Pick<Place, "project" | "directory">): string {
  return project === null || project === "global" ? `in ${directory}` : project;
}
