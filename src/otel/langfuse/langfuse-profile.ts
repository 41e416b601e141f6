import { LANGFUSE_SDK_VERSION, LANGFUSE_TRACER_NAME } from "@langfuse/core";
import { spanNames } from "../facts/span-names.js";
import type { SpanProfile } from "../span-profile.js";
import {
  callAttributes,
  eventAttributes,
  innerCallAttributes,
  loopAttributes,
  otherCallAttributes,
  phaseAttributes,
  retryAttributes,
  stepAttributes,
  toolAttributes,
} from "./attributes.js";
import { sharedAttributes, subagentAttributes } from "./shared-attributes.js";

/** What Langfuse reads. */
export const langfuseProfile: SpanProfile = {
  name: "langfuse",
  // With any other scope name than the Langfuse SDK's, Langfuse copies every attribute into the metadata once more.
  scope: { name: LANGFUSE_TRACER_NAME, version: LANGFUSE_SDK_VERSION },
  resource: () => ({}),
  shared: sharedAttributes,
  sharedBelow: subagentAttributes,
  loop: (loop, context, root) => ({
    name: root || loop.agent === null ? spanNames.loop : `${spanNames.loop} ${loop.agent}`,
    kind: "internal",
    ...loopAttributes(loop, context, root),
  }),
  step: (step, loop, context) => ({
    name: spanNames.step(step),
    kind: "internal",
    ...stepAttributes(step, loop, context),
  }),
  call: (call, step, loop, context, given) => ({
    name: spanNames.call(call),
    kind: "client",
    ...callAttributes(call, step, loop, context, given),
  }),
  otherCall: (call, context) => ({
    name: spanNames.otherCall,
    kind: "client",
    ...otherCallAttributes(call, context),
  }),
  retry: (retry, _step, context) => ({
    name: spanNames.retry,
    kind: "internal",
    ...retryAttributes(retry, context),
  }),
  tool: (tool, context) => ({ name: spanNames.tool(tool), kind: "internal", ...toolAttributes(tool, context) }),
  innerCall: (call, tool, context) => ({
    name: spanNames.tool(call),
    kind: "internal",
    ...innerCallAttributes(call, tool, context),
  }),
  phase: (phase, context) => ({ name: spanNames.phase(phase), kind: "internal", ...phaseAttributes(phase, context) }),
  event: (event, context) => ({ name: spanNames.event(event), kind: "internal", ...eventAttributes(event, context) }),
};
