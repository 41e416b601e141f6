import type { Call, InnerCall, OwnPhase, Step, StepEvent, Tool } from "../../trace/model.js";

/** looptrace's own names of spans. The figures of the commands and of the docs go by them. */
export const spanNames = {
  loop: "opencode.loop",
  retry: "retry",
  otherCall: "other-call",
  step: ({ index }: Pick<Step, "index">): string => `loop.step-${index}`,
  call: ({ index }: Pick<Call, "index">): string => `llm-call-${index}`,
  tool: ({ name }: Pick<Tool | InnerCall, "name">): string => `tool.${name}`,
  event: ({ name }: StepEvent): string => name,
  phase: ({ kind }: Pick<OwnPhase, "kind">): string => `opencode.${kind}`,
} as const;
