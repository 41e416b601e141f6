import { resolve } from "node:path";
import type { OpenCodeOptions } from "../agent/open-code.js";
import { settingsSaid } from "../agent/setting-surfaces.js";
import type { TraceExporter } from "../export/trace-exporter.js";
import type { Clock } from "../files/clock.js";
import type { TraceOptions } from "../otel/options.js";
import type { Task, TaskRequest } from "./task.js";

/** What holds for all tasks. */
export interface TaskRunnerOptions {
  /** How opencode works on them; a task's own fields come before it. */
  readonly defaults?: OpenCodeOptions | undefined;
  /** Sends their traces; without one they go nowhere. */
  readonly exporter?: TraceExporter | undefined;
  /** What their traces say; a task's own tags and metadata are added, its user comes before this one. */
  readonly trace?: TraceOptions | undefined;
  /** How tasks that do not say are verified: a command of the shell, and how long it may take, ms. */
  readonly verify?: { readonly command: string; readonly timeoutMs?: number | undefined } | undefined;
  /** What relative directories and files of tasks belong to; default this process's working directory. */
  readonly cwd?: string | undefined;
  /** Time, for tests. @internal */
  readonly clock?: Clock | undefined;
}

/**
 * What a task says to opencode, as the driver takes it.
 *
 * @param cwd what relative paths belong to
 */
export function turnOptions(request: TaskRequest, cwd: string): OpenCodeOptions {
  const { directory, files, opencode } = request;
  return {
    ...settingsSaid("task", request),
    directory: directory === undefined ? undefined : resolve(cwd, directory),
    files: files?.map((file) => resolve(cwd, file)),
    opencode: opencode === undefined ? undefined : resolve(cwd, opencode),
  };
}

/** What the traces of a task say: what those of all do, with its own. @param commit what its directory stands on */
export function traceOptions(all: TraceOptions = {}, task: Task, commit: string | undefined): TraceOptions {
  const { userId, tags = [], metadata } = task.request;
  const allTags = [...new Set([...(all.tags ?? []), ...tags])];
  return {
    ...all,
    ...(userId === undefined ? {} : { userId }),
    ...(allTags.length === 0 ? {} : { tags: allTags }),
    metadata: {
      task: task.id,
      ...(commit === undefined ? {} : { gitCommit: commit }),
      ...all.metadata,
      ...metadata,
    },
  };
}
