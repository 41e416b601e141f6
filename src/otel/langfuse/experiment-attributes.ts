import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import type { Attributes } from "@opentelemetry/api";
import type { LoopTrace } from "../../trace/model.js";
import type { ExperimentItem } from "../options.js";

/**
 * What makes a trace an item of one of Langfuse's experiments: on each of its spans, since Langfuse copies nothing from
 * one to another.
 *
 * @param content whether the expected output may be told: it is as much of a text as what came out
 * @param clean makes a text one that can be sent
 */
export function experimentAttributes(
  { traceId, loop }: LoopTrace,
  item: ExperimentItem | undefined,
  content: boolean,
  clean: (text: string) => string,
): Attributes {
  if (item === undefined || item.traceId !== traceId) return {};
  return {
    [LangfuseOtelSpanAttributes.EXPERIMENT_ID]: clean(item.experimentId),
    [LangfuseOtelSpanAttributes.EXPERIMENT_NAME]: clean(item.experimentName),
    [LangfuseOtelSpanAttributes.EXPERIMENT_METADATA]: clean(JSON.stringify(item.metadata)),
    [LangfuseOtelSpanAttributes.EXPERIMENT_ITEM_ID]: clean(item.itemId),
    [LangfuseOtelSpanAttributes.EXPERIMENT_ITEM_ROOT_OBSERVATION_ID]: loop.spanId,
    ...(item.datasetId === undefined
      ? {}
      : { [LangfuseOtelSpanAttributes.EXPERIMENT_DATASET_ID]: clean(item.datasetId) }),
    ...(item.expectedOutput === undefined || !content
      ? {}
      : { [LangfuseOtelSpanAttributes.EXPERIMENT_ITEM_EXPECTED_OUTPUT]: clean(textOf(item.expectedOutput)) }),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
