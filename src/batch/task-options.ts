import { resolve } from "node:path";
import type { OpenCodeOptions } from "../agent/open-code.js";
import type { TraceOptions } from "../otel/options.js";
import type { Task, TaskRequest } from "./task.js";

/**
 * What a task says to opencode, as the driver takes it.
 *
 * @param cwd what relative paths belong to
 */
export function turnOptions(request: TaskRequest, cwd: string): OpenCodeOptions {
  const { directory, files, schema } = request;
  const { model, agent, variant, systemPrompt, mcp, session, fork, title } = request;
  const { permissions, projectConfig, timeout: timeoutMs, retries, fallbackModels } = request;
  const { maxSteps, maxTokens, maxCost, maxAttempts, haltOnDoomLoop } = request;
  return {
    ...{ model, agent, variant, systemPrompt, mcp, session, fork, title },
    ...{ permissions, projectConfig, timeoutMs, retries, fallbackModels },
    ...{ maxSteps, maxTokens, maxCost, maxAttempts, haltOnDoomLoop },
    schema,
    directory: directory === undefined ? undefined : resolve(cwd, directory),
    files: files?.map((file) => resolve(cwd, file)),
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
