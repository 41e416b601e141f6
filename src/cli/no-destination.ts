import { type DestinationOptions, surveyDestinations } from "../deliver/destinations/resolve-destinations.js";

const HOW_TO_CONFIGURE =
  "set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY (and LANGFUSE_BASE_URL), or OTEL_EXPORTER_OTLP_ENDPOINT.";

/**
 * Why nothing is sent, and what to do about it: a destination that a variable switches off is configured all
 * the same, so that to ask for its keys would mislead.
 *
 * @param consequence what follows, such as "so nothing was sent"
 */
export function noDestinationText(options: DestinationOptions, consequence: string): string {
  return switchedOffText(options, consequence) ?? `No destination is configured, ${consequence}; ${HOW_TO_CONFIGURE}`;
}

/** The same where only a destination that is switched off is worth a line; undefined when none is. */
export function switchedOffText(options: DestinationOptions, consequence: string): string | undefined {
  const { switchedOff } = surveyDestinations(options);
  if (switchedOff.length === 0) return undefined;
  const verb = switchedOff.length === 1 ? "switches" : "switch";
  return `${switchedOff.join(" and ")} ${verb} off what is configured, ${consequence}; unset ${switchedOff.length === 1 ? "it" : "them"} to send traces.`;
}
