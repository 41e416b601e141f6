import type { Attributes } from "@opentelemetry/api";
import type { LoopTrace } from "../trace/model.js";
import { cleanText, DEFAULT_TEXT_LIMIT } from "./clean-value.js";
import type { FileShelf } from "./file-shelf.js";
import type { TraceOptions } from "./options.js";

/** What all spans of a trace have in common. */
export interface TraceContext {
  readonly traceId: string;
  readonly trace: LoopTrace;
  readonly options: TraceOptions;
  readonly textLimit: number;
  /** What belongs to the trace and stands on every span all the same. */
  readonly shared: Attributes;
  /** Takes the files out of the spans; undefined where they are only described. */
  readonly files: FileShelf | undefined;
}

/** What stands on every span of a trace, since it belongs to the trace. @param clean makes a text fit to be sent */
export type SharedAttributes = (trace: LoopTrace, options: TraceOptions, clean: (text: string) => string) => Attributes;

/** @param files takes the files out of the spans */
export function traceContext(
  trace: LoopTrace,
  options: TraceOptions,
  sharedOf: SharedAttributes,
  files?: FileShelf,
): TraceContext {
  const textLimit = options.textLimit ?? DEFAULT_TEXT_LIMIT;
  const shared = sharedOf(trace, options, (text) => cleanText(text, textLimit));
  return { traceId: options.parent?.traceId ?? trace.traceId, trace, options, textLimit, shared, files };
}
