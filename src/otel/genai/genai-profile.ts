import { LOOPTRACE_VERSION } from "../../version.js";
import type { SpanProfile } from "../span-profile.js";
import { CONVENTIONS, names, resourceNames } from "./conventions.js";
import {
  callFace,
  eventFace,
  innerCallFace,
  loopFace,
  otherCallFace,
  phaseFace,
  retryFace,
  stepFace,
  toolFace,
} from "./faces.js";

/** What backends read that know OpenTelemetry's GenAI conventions. */
export const genaiProfile: SpanProfile = {
  name: "genai",
  scope: { name: "looptrace", version: LOOPTRACE_VERSION, schemaUrl: CONVENTIONS.schemaUrl },
  resource: ({ environment }) => (environment === undefined ? {} : { [resourceNames.environment]: environment }),
  sharedBelow: (_, shared) => shared,
  shared: ({ session }, { userId, release }, clean) => ({
    [names.conversationId]: clean(session.id),
    ...(userId === undefined ? {} : { [names.userId]: clean(userId) }),
    ...(release === undefined ? {} : { "looptrace.release": clean(release) }),
  }),
  loop: loopFace,
  step: stepFace,
  call: callFace,
  otherCall: otherCallFace,
  retry: retryFace,
  tool: toolFace,
  innerCall: innerCallFace,
  event: eventFace,
  phase: phaseFace,
};
