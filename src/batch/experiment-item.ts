import { createHash } from "node:crypto";
import { z } from "zod";
import { messageOf } from "../errors/thrown.js";
import type { TraceExporter } from "../export/trace-exporter.js";
import { LangfuseApi } from "../langfuse/api/langfuse-api.js";
import type { ExperimentItem } from "../otel/options.js";
import type { Task } from "./task.js";

/** The item of an experiment in Langfuse that a run becomes, and what a person should know of it. */
export interface ItemOfRun {
  readonly item: ExperimentItem | undefined;
  readonly notes: readonly string[];
}

const answer = z.object({ datasetRunId: z.string().min(1) });

/**
 * Which item of which experiment in Langfuse a run is. Langfuse shows one trace for each item of an experiment, the
 * latest: so each arm is an experiment, and each further run of the same cases another one.
 *
 * A dataset's item is told to the first Langfuse of the exporter as part of the dataset's run. It answers with the run's
 * id, which is the experiment's; where it stores runs in a table of their own, that puts it there too.
 *
 * @param traceId of the run's last trace; undefined where it has none
 */
export async function itemOfRun(
  task: Task,
  traceId: string | undefined,
  exporter: TraceExporter | undefined,
): Promise<ItemOfRun> {
  const { experiment, expectedOutput } = task.request;
  const langfuse = exporter?.destinations.find(({ kind }) => kind === "langfuse");
  if (experiment === undefined || langfuse === undefined || traceId === undefined)
    return { item: undefined, notes: [] };
  const { name, arm, case: one, run, datasetId, itemId } = experiment;
  const experimentName = run === 0 ? `${name} ${arm}` : `${name} ${arm} #${run + 1}`;
  const metadata = { experiment: name, arm, repeat: run + 1 };
  const item = (experimentId: string): ExperimentItem => ({
    ...{ traceId, experimentId, experimentName, metadata, datasetId, expectedOutput },
    itemId: itemId ?? one,
  });
  if (itemId === undefined) return { item: item(derivedId(experimentName)), notes: [] };
  try {
    const body = { runName: experimentName, metadata, datasetItemId: itemId, traceId };
    const { datasetRunId } = await new LangfuseApi(langfuse).send("POST", "/dataset-run-items", answer, body);
    return { item: item(datasetRunId), notes: [] };
  } catch (error) {
    const why = messageOf(error);
    return { item: undefined, notes: [`The trace is no part of the dataset's run "${experimentName}": ${why}`] };
  }
}

/** As long as Langfuse's own. */
function derivedId(experimentName: string): string {
  return createHash("sha256")
    .update(JSON.stringify(["looptrace-experiment", experimentName]))
    .digest("hex")
    .slice(0, 16);
}
