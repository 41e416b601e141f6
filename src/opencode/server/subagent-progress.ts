import type { Progress, RunningSubagent } from "../request/progress.js";
import type { FollowedRun, ServedProgress } from "./served-progress.js";

/** A session that has begun below another one. */
export interface BegunSession {
  readonly id: string;
  readonly parentId: string;
  readonly title: string;
}

/** How one session is followed by itself. @param startedAt ms since the epoch: what went before is no progress */
type Follow<Event> = (run: FollowedRun, startedAt: number) => ServedProgress<Event>;

/**
 * Follows a run's subagents too, and theirs: each as the run itself is followed, told in the progress of the session
 * that it stands in.
 *
 * @param begunBy the session whose beginning an event tells
 */
export function withSubagents<Event extends { readonly at: number }>(
  follow: Follow<Event>,
  begunBy: (event: Event) => BegunSession | undefined,
): Follow<Event> {
  const followed: Follow<Event> = (run, startedAt) => {
    const own = follow(run, startedAt);
    const below = new Map<string, { readonly about: BegunSession; readonly served: ServedProgress<Event> }>();
    let shown: Progress = own.progress;
    let [before, inside]: [Progress, readonly RunningSubagent[]] = [own.progress, []];
    return {
      get progress() {
        const running = [...below.values()].flatMap(({ about: { id, title }, served: { progress } }) => {
          return progress.phase.kind === "finishing" ? [] : [{ sessionId: id, title, progress }];
        });
        const isSame =
          running.length === inside.length && running.every(({ progress }, at) => progress === inside[at]?.progress);
        if (own.progress === before && isSame) return shown;
        [before, inside] = [own.progress, running];
        shown = { ...own.progress, inside };
        return shown;
      },
      isOurs: own.isOurs,
      ...(own.takeLine ? { takeLine: (line) => takeLine(own, below, line) } : {}),
      take: (event) => {
        const events = own.take(event);
        for (const { served } of below.values()) served.take(event);
        const begun = begunBy(event);
        if (begun?.parentId === run.sessionId && !below.has(begun.id)) {
          const child = { sessionId: begun.id, mcpServers: run.mcpServers, promptedAt: event.at };
          // All of a session that has just begun is of this run.
          below.set(begun.id, { about: begun, served: followed(child, Number.NEGATIVE_INFINITY) });
        }
        return events;
      },
    };
  };
  return followed;
}

function takeLine<Event>(
  own: ServedProgress<Event>,
  below: ReadonlyMap<string, { readonly served: ServedProgress<Event> }>,
  line: Parameters<NonNullable<ServedProgress["takeLine"]>>[0],
): void {
  own.takeLine?.(line);
  for (const { served } of below.values()) served.takeLine?.(line);
}
