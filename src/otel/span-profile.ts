import type { Attributes } from "@opentelemetry/api";
import type { Call, InnerCall, Loop, OtherCall, OwnPhase, Retry, Step, StepEvent, Tool } from "../trace/model.js";
import type { GivenTexts } from "./facts/given-texts.js";
import type { TraceOptions } from "./options.js";
import type { SpanToWrite } from "./span-data.js";
import type { SharedAttributes, TraceContext } from "./trace-context.js";

/**
 * For whom spans are described: `langfuse` for what Langfuse reads, `genai` for any other backend, by OpenTelemetry's
 * GenAI conventions. Ids, times and the tree are the same in both.
 */
export type SpanProfileName = "langfuse" | "genai";

/** How a span looks to one kind of destination. */
export interface SpanFace extends Pick<SpanToWrite, "name" | "kind" | "shared" | "own"> {
  /** Set where the span's OTel status is ERROR. */
  readonly failure: { readonly type: string; readonly message: string } | null;
}

/** What one kind of destination is told of each kind of span. */
export interface SpanProfile {
  readonly name: SpanProfileName;
  /** Of whom the spans are. */
  readonly scope: { readonly name: string; readonly version: string; readonly schemaUrl?: string };
  /** Attributes of the resource beside those that the caller gives. */
  readonly resource: (options: TraceOptions) => Attributes;
  readonly shared: SharedAttributes;
  /** What stands on every span of a subagent instead. @param shared what stands on those of its turn */
  readonly sharedBelow: (loop: Loop, shared: Attributes, clean: (text: string) => string) => Attributes;
  readonly loop: (loop: Loop, context: TraceContext, root: boolean) => SpanFace;
  readonly step: (step: Step, loop: Loop, context: TraceContext) => SpanFace;
  /** @param given what it was given and no call of its loop before it; undefined where its request was not recorded */
  readonly call: (call: Call, step: Step, loop: Loop, context: TraceContext, given: GivenTexts | undefined) => SpanFace;
  readonly otherCall: (call: OtherCall, context: TraceContext) => SpanFace;
  readonly retry: (retry: Retry, step: Step, context: TraceContext) => SpanFace;
  readonly tool: (tool: Tool, context: TraceContext) => SpanFace;
  readonly innerCall: (call: InnerCall, tool: Tool, context: TraceContext) => SpanFace;
  readonly phase: (phase: OwnPhase, context: TraceContext) => SpanFace;
  readonly event: (event: StepEvent, context: TraceContext) => SpanFace;
}
