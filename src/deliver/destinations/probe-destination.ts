import { send } from "../http/send.js";
import type { SendResult } from "../http/send-result.js";
import type { Destination, DestinationInfo, DestinationSettings } from "./destination.js";
import { destinationInfo } from "./destination.js";
import { askForProject, type ProjectAnswer } from "./langfuse-project.js";

/** What came of asking a destination whether it would take traces; nothing of it is secret. */
export interface DestinationProbe extends DestinationInfo {
  readonly settings: DestinationSettings;
  /** What it was asked through; undefined where it was asked directly. */
  readonly proxy: { readonly shown: string; readonly setting: string } | undefined;
  /** What it said to a request without a span. */
  readonly answer: SendResult;
  /** Which project the keys are of; `unknown` for whatever is no Langfuse. */
  readonly project: ProjectAnswer;
}

const TIMEOUT_MS = 5_000;

/** An export without a span, which a real Langfuse and the OpenTelemetry Collector take, and store nothing. */
const NOTHING = new TextEncoder().encode('{"resourceSpans":[]}');

/**
 * Asks a destination whether it would take traces, without sending one. Never throws.
 *
 * @param timeoutMs how long each of the questions, asked at once, may take
 */
export async function probeDestination(destination: Destination, timeoutMs = TIMEOUT_MS): Promise<DestinationProbe> {
  const [answer, project] = await Promise.all([
    send(destination, NOTHING, { timeoutMs }),
    askForProject(destination, timeoutMs),
  ]);
  const { settings, proxy } = destination;
  const through = proxy && { shown: proxy.shown, setting: proxy.setting };
  return { ...destinationInfo(destination), settings, proxy: through, answer, project };
}
