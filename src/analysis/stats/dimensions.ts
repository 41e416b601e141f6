/** By what statistics are put together, and what belongs where. */
import { isLike, type ModelFacts } from "../../opencode/model.js";
import { hasOutcome, outcomeText } from "../outcome.js";
import { modelName } from "../row-texts.js";
import type { SessionFacts, TurnFacts } from "../session-facts.js";
import { type Calendar, monthOf, weekOf } from "./calendar.js";

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

/** What a figure belongs to: a value for each dimension, null where nothing tells it. */
export interface Place {
  readonly session: SessionFacts;
  readonly turn: TurnFacts;
  /** The turn's own, or that of some of its calls: a subagent's may be another one. */
  readonly model: ModelFacts | null;
  readonly agent: string | null;
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

/** The values of a place; a turn with several tags has several of them. */
export function valuesOf(
  dimension: Dimension,
  { session, turn, model, agent }: Place,
  { calendar, projectOf }: PlaceContext,
): readonly (string | null)[] {
  switch (dimension) {
    case "day":
      return [calendar.day(turn.start)];
    case "week":
      return [weekOf(calendar.day(turn.start))];
    case "month":
      return [monthOf(calendar.day(turn.start))];
    case "model":
      return [modelName(model)];
    case "agent":
      return [agent];
    case "project":
      return [projectOf(session)];
    case "branch":
      return [turn.git?.branch ?? null];
    case "commit":
      return [turn.git?.commit ?? null];
    case "pr":
      return [requestName(turn.git?.pullRequest)];
    case "tag":
      return turn.tags.length === 0 ? [null] : [...new Set(turn.tags)];
    case "outcome":
      return [outcomeText(turn)];
    default:
      return dimension satisfies never;
  }
}

export interface PlaceContext {
  readonly calendar: Calendar;
  readonly projectOf: (session: SessionFacts) => string;
}

type Request = NonNullable<TurnFacts["git"]>["pullRequest"];

/** Its page where that is known: the numbers of two repositories may be the same. */
function requestName(request: Request | undefined): string | null {
  if (!request) return null;
  return request.url ?? `#${request.number}`;
}

/** Whether a turn counts, whatever of it does. */
export function isWanted(session: SessionFacts, turn: TurnFacts, filter: StatsFilter, context: PlaceContext): boolean {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter;
  if (turn.start < since || turn.start >= until) return false;
  const place: Place = { session, turn, model: turn.model, agent: turn.agent };
  if (filter.outcome !== undefined && !hasOutcome(turn, filter.outcome)) return false;
  return (["project", "branch", "tag"] as const).every((dimension) => {
    const pattern = filter[dimension];
    return pattern === undefined || valuesOf(dimension, place, context).some((value) => fits(value, pattern));
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
export function projectNames(sessions: readonly SessionFacts[]): (session: SessionFacts) => string {
  const shortest = new Map<string, string>();
  for (const session of sessions) {
    const key = projectKey(session);
    const known = shortest.get(key);
    const { directory } = session;
    if (
      known === undefined ||
      directory.length < known.length ||
      (directory.length === known.length && directory < known)
    )
      shortest.set(key, directory);
  }
  return (session) => shortest.get(projectKey(session)) ?? session.directory;
}

/** opencode calls all that is in no repository `global`. */
function projectKey({ project, directory }: SessionFacts): string {
  return project === null || project === "global" ? `in ${directory}` : project;
}
