import { createHash } from "node:crypto";
import type { TraceExporter } from "../export/trace-exporter.js";
import type { ExperimentItem } from "../otel/options.js";
import type { Task } from "./task.js";

/**
 * Which item of which experiment in Langfuse a run is. Langfuse shows one trace for each item of an experiment, the
 * latest: so each arm is an experiment, and each further run of the same cases another one.
 *
 * @param traceId of the run's last trace
 */
export function itemOfRun(
  task: Task,
  traceId: string,
  exporter: TraceExporter | undefined,
): ExperimentItem | undefined {
  const { experiment, expectedOutput } = task.request;
  if (experiment === undefined || !exporter?.destinations.some(({ kind }) => kind === "langfuse")) return undefined;
  const { name, arm, case: itemId, run } = experiment;
  const experimentName = run === 0 ? `${name} ${arm}` : `${name} ${arm} #${run + 1}`;
  const metadata = { experiment: name, arm, repeat: run + 1 };
  return { traceId, experimentId: derivedId(experimentName), experimentName, metadata, itemId, expectedOutput };
}

/** As long as Langfuse's own. */
function derivedId(experimentName: string): string {
  return createHash("sha256")
    .update(JSON.stringify(["looptrace-experiment", experimentName]))
    .digest("hex")
    .slice(0, 16);
}
