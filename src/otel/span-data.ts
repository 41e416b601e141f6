import type { Attributes, AttributeValue } from "@opentelemetry/api";
import type { JsonText } from "./json-text.js";
import type { RemoteParent } from "./options.js";

/** A span before it becomes one of the OTel SDK's: plain data with everything that will be on the wire. */
export interface SpanData {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** The span that it hangs below; null for a root. */
  readonly parent: SpanParent | null;
  /** Such as `opencode.loop` or `loop.step-0`; for other backends than Langfuse such as `invoke_agent build`. */
  readonly name: string;
  /** `client` for a request to a model, else `internal`. */
  readonly kind: "internal" | "client";
  /** ms since the epoch. */
  readonly start: number;
  /** ms since the epoch. */
  readonly end: number;
  /** All that the span says. */
  readonly attributes: Attributes;
  /** Spans of other traces that it belongs to; absent where there are none. */
  readonly links?: readonly RemoteParent[];
  /** One line; present when the span's OTel status is ERROR. */
  readonly errorMessage: string | null;
  /** What was thrown, `at` in ms since the epoch; null where nothing was. */
  readonly exception: { readonly at: number; readonly type: string; readonly message: string } | null;
}

/** An attribute's value on its way to the wire. */
export type ValueToWrite = AttributeValue | JsonText | undefined;

/**
 * Attributes in the order in which they are sent, each name once. A list of pairs would be an object for each of them,
 * of which a long session has a million.
 */
export interface AttributeList {
  readonly names: readonly string[];
  /** At the place of its name. */
  readonly values: readonly ValueToWrite[];
}

export function attributeList(attributes: Attributes): AttributeList {
  return { names: Object.keys(attributes), values: Object.values(attributes) };
}

/** A span on its way to the wire: its attributes stay two lists, as those of the first are written once for many. */
export interface SpanToWrite extends Omit<SpanData, "attributes"> {
  /** What belongs to the trace and stands on every span: the same object on all. */
  readonly shared: Attributes;
  /** What the span says of itself; nothing that stands in `shared`. */
  readonly own: AttributeList;
}

/** Whose child a span is. */
export interface SpanParent {
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether the parent is another program's span, handed over by `TRACEPARENT`. */
  readonly remote: boolean;
}
