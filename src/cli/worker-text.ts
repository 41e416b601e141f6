import type { WorkerEvent } from "../fleet/run-worker.js";
import { duration } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { providerText, taskText } from "./batch-text.js";

const LONGEST_ID = 60;
const LONGEST_WHY = 200;

/** What a person who looks at a worker is told of an event; undefined where that is nothing. */
export function workerText(event: WorkerEvent, now: number): string | undefined {
  switch (event.kind) {
    case "started":
      return `began ${shortenTo(oneLine(event.task), LONGEST_ID)}`;
    case "finished":
      return taskText(event.result);
    case "later": {
      const { id, error } = event.run;
      return `${shortenTo(oneLine(id), LONGEST_ID)}: ${error?.code ?? "failed"}; tried again ${inTime(event.until - now)}`;
    }
    case "paused": {
      const who = event.providers.map(providerText).join(", ");
      return `${event.pause.code}: ${who} is left alone by all workers for ${span(event.pause.until - now)}`;
    }
    case "given-back":
      return `gave ${shortenTo(oneLine(event.jobId), LONGEST_ID)} back to the queue`;
    case "taken-over":
      return `${shortenTo(oneLine(event.jobId), LONGEST_ID)} is in the queue again: its worker went away`;
    case "unreadable":
      return `${shortenTo(oneLine(event.jobId), LONGEST_ID)}: ${shortenTo(oneLine(event.why), LONGEST_WHY)}`;
    case "problem":
      return `the queue: ${shortenTo(oneLine(event.why), LONGEST_WHY)}`;
    default:
      return event satisfies never;
  }
}

/** Whether it is told with `--quiet` too. */
export function isTrouble({ kind }: WorkerEvent): boolean {
  return kind === "unreadable" || kind === "problem";
}

function inTime(ms: number): string {
  return ms <= 0 ? "at once" : `in ${span(ms)}`;
}

/** Whole seconds: hundredths tell nothing. */
function span(ms: number): string {
  return duration(Math.max(1, Math.ceil(ms / 1000)) * 1000);
}
