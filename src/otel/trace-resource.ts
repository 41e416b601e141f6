import type { Attributes } from "@opentelemetry/api";
import {
  ATTR_SERVICE_NAME,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  ATTR_TELEMETRY_SDK_NAME,
  TELEMETRY_SDK_LANGUAGE_VALUE_NODEJS,
} from "@opentelemetry/semantic-conventions";
import { cleanText, DEFAULT_TEXT_LIMIT } from "./clean-value.js";
import type { TraceOptions } from "./options.js";

/**
 * Who sends: what the caller says of it, the service's name before all. The attributes of a resource alone: the package
 * that makes one of them takes as long to load as a session does to be written.
 *
 * @param own attributes that a profile adds where the caller does not set them
 */
export function traceResource(
  { resourceAttributes = {}, serviceName = "looptrace" }: TraceOptions,
  own: Attributes,
): Attributes {
  const clean = (text: string): string => cleanText(text, DEFAULT_TEXT_LIMIT);
  const given = Object.entries(resourceAttributes);
  return {
    [ATTR_TELEMETRY_SDK_LANGUAGE]: TELEMETRY_SDK_LANGUAGE_VALUE_NODEJS,
    [ATTR_TELEMETRY_SDK_NAME]: "opentelemetry",
    ...own,
    ...Object.fromEntries(given.map(([key, value]) => [clean(key), clean(value)])),
    [ATTR_SERVICE_NAME]: clean(serviceName),
  };
}
