/**
 * Spans as OTLP/JSON, straight from their data: byte for byte what OpenTelemetry's serialiser writes of the SDK's own
 * spans (`spanMaker`), at a fraction of the time. Those two build some ten objects for each attribute.
 */
import { type Attributes, isSpanContextValid, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_TYPE } from "@opentelemetry/semantic-conventions";
import { hrTime } from "./hr-time.js";
import { JsonBytes } from "./json-bytes.js";
import { JsonText, writeJson } from "./json-text.js";
import type { RemoteParent } from "./options.js";
import type { AttributeList, SpanToWrite } from "./span-data.js";
import type { SpanProfile } from "./span-profile.js";

/** Bits of a span's flags, as OTLP has them: whether it is known where its parent is, and whether that is elsewhere. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** What stands before and behind the spans of a request; between two of them stands a comma. */
export interface RequestFrame {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** @param resource the attributes of who sends */
export function requestFrame(resource: Attributes, scope: SpanProfile["scope"]): RequestFrame {
  const { name, version, schemaUrl } = scope;
  const to = new JsonBytes();
  to.bytes(utf8('{"resourceSpans":[{"resource":{"attributes":['));
  writeAttributes(Object.entries(resource), to, true, headsOfAttributes());
  const ofScope = JSON.stringify({ name, version });
  to.bytes(utf8(`],"droppedAttributesCount":0},"scopeSpans":[{"scope":${ofScope},"spans":[`));
  const schema = schemaUrl === undefined ? "" : `,"schemaUrl":${JSON.stringify(schemaUrl)}`;
  return { head: to.written().slice(), tail: utf8(`]${schema}}]}]}`) };
}

export interface SpanWriter {
  /** Writes a span that has ended. @returns about how many bytes it takes in a request; long strings are what counts */
  write(span: SpanToWrite, to: JsonBytes): number;
}

/** What is written of a trace's own attributes, and how large it is. */
interface WrittenShared {
  readonly json: Uint8Array;
  readonly size: number;
}

/** One for the spans of many traces: what many of them say is written once. */
export function createSpanWriter(): SpanWriter {
  const heads = headsOfAttributes();
  const known = new WeakMap<Attributes, WrittenShared>();
  let ofTrace: string | undefined;
  /** Of a span of that trace. */
  let beginning = utf8("");

  function sharedOf(attributes: Attributes): WrittenShared {
    const before = known.get(attributes);
    if (before) return before;
    const to = new JsonBytes();
    const size = writeAttributes(Object.entries(attributes), to, true, heads);
    const shared = { json: to.written().slice(), size };
    known.set(attributes, shared);
    return shared;
  }

  return {
    write(span, to) {
      const { traceId, spanId, parent, exception, errorMessage, links = [] } = span;
      const isChild = parent !== null && isSpanContextValid({ traceId, spanId: parent.spanId, traceFlags: 0 });
      if (traceId !== ofTrace) {
        ofTrace = traceId;
        beginning = utf8(`{"traceId":${JSON.stringify(traceId)},"spanId":"`);
      }
      to.bytes(beginning);
      to.text(spanId, 1);
      if (isChild) {
        to.bytes(PARENT_ID);
        to.text(parent.spanId, 1);
      }
      to.bytes(NAME);
      to.text(span.name, 1);
      to.bytes(span.kind === "client" ? CLIENT : INTERNAL);
      to.text(nanos(span.start), 0);
      to.bytes(END);
      // What ends before it begins ends with its beginning.
      to.text(nanos(Math.max(span.start, span.end)), 0);
      to.bytes(ATTRIBUTES);
      const shared = sharedOf(span.shared);
      to.bytes(shared.json);
      const own = writeAttributes(span.own, to, shared.json.length === 0, heads);
      to.bytes(EVENTS);
      if (exception !== null) {
        to.bytes(EXCEPTION);
        const attributes = { [ATTR_EXCEPTION_TYPE]: exception.type, [ATTR_EXCEPTION_MESSAGE]: exception.message };
        writeAttributes(Object.entries(attributes), to, true, heads);
        to.bytes(EXCEPTION_AT);
        to.text(nanos(exception.at), 0);
        to.bytes(EXCEPTION_END);
      }
      if (errorMessage === null) to.bytes(UNSET);
      else {
        to.bytes(ERROR);
        to.text(errorMessage, 1);
        to.bytes(ERROR_END);
      }
      const flags = TraceFlags.SAMPLED | HAS_IS_REMOTE | (isChild && parent.remote ? IS_REMOTE : 0);
      if (links.length === 0 && flags === MOST_FLAGS) to.bytes(NO_LINKS);
      else to.text(linksJson(links, flags), 0);
      return 600 + shared.size + own;
    },
  };
}

const encoder = new TextEncoder();

const PARENT_ID = utf8('","parentSpanId":"');
const NAME = utf8('","name":"');
const CLIENT = utf8(`","kind":${SpanKind.CLIENT + 1},"startTimeUnixNano":"`);
const INTERNAL = utf8(`","kind":${SpanKind.INTERNAL + 1},"startTimeUnixNano":"`);
const END = utf8('","endTimeUnixNano":"');
const ATTRIBUTES = utf8('","attributes":[');
const EVENTS = utf8('],"droppedAttributesCount":0,"events":[');
const EXCEPTION = utf8('{"attributes":[');
const EXCEPTION_AT = utf8('],"name":"exception","timeUnixNano":"');
const EXCEPTION_END = utf8('","droppedAttributesCount":0}');
const STATUS = '],"droppedEventsCount":0,"status":{"code":';
const UNSET = utf8(`${STATUS}${SpanStatusCode.UNSET}}`);
const ERROR = utf8(`${STATUS}${SpanStatusCode.ERROR},"message":"`);
const ERROR_END = utf8('"}');

const MOST_FLAGS = TraceFlags.SAMPLED | HAS_IS_REMOTE;
const NO_LINKS = utf8(linksJson([], MOST_FLAGS));

/** How an attribute begins, by its name and whether another one stands before it. */
type HeadOf = (name: string, isFirst: boolean) => Uint8Array;

const MOST_NAMES = 1_000;

/** Each name is written once. */
function headsOfAttributes(): HeadOf {
  const heads = new Map<string, Uint8Array>();
  return (name, isFirst) => {
    let head = heads.get(name);
    if (head === undefined) {
      head = utf8(`,{"key":${JSON.stringify(name)},"value":`);
      // A caller's metadata can have any number of names.
      if (heads.size < MOST_NAMES) heads.set(name, head);
    }
    return isFirst ? head.subarray(1) : head;
  };
}

const TEXT = utf8('{"stringValue":"');
const TEXT_END = utf8('"}}');

/**
 * @param isFirst whether nothing stands before them
 * @returns about how many bytes they take
 */
function writeAttributes(list: AttributeList, to: JsonBytes, isFirst: boolean, headOf: HeadOf): number {
  let size = 0;
  let first = isFirst;
  for (const [name, value] of list) {
    if (!isSent(name, value)) continue;
    to.bytes(headOf(name, first));
    first = false;
    if (typeof value === "string" || value instanceof JsonText) {
      to.bytes(TEXT);
      const before = to.unescaped;
      if (typeof value === "string") to.text(value, 1);
      else writeJson(value, to, 1);
      size += to.unescaped - before + 80;
      to.bytes(TEXT_END);
    } else {
      to.text(`${valueJson(value)}}`, 0);
      size += 120;
    }
  }
  return size;
}

/** Whether the SDK takes an attribute: it has a name, and a single value or a list of values of one type. */
function isSent(name: string, value: unknown): boolean {
  if (name === "" || name === "__proto__") return false;
  if (!Array.isArray(value)) return isSingle(value) || value instanceof JsonText;
  let type: string | undefined;
  return value.every((item: unknown) => {
    if (item === null || item === undefined) return true;
    type ??= typeof item;
    return isSingle(item) && typeof item === type;
  });
}

function isSingle(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function valueJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `{"stringValue":${JSON.stringify(value)}}`;
    case "number":
      return `{"${Number.isInteger(value) ? "intValue" : "doubleValue"}":${JSON.stringify(value)}}`;
    case "boolean":
      return `{"boolValue":${value}}`;
    default:
      // `Array.from` also sees the empty places of a list.
      return Array.isArray(value) ? `{"arrayValue":{"values":[${Array.from(value, valueJson).join()}]}}` : "{}";
  }
}

function linksJson(links: readonly RemoteParent[], flags: number): string {
  return `,"links":[${links.map(linkJson).join()}],"droppedLinksCount":0,"flags":${flags}}`;
}

function linkJson({ traceId, spanId }: RemoteParent): string {
  const ids = `"spanId":${JSON.stringify(spanId)},"traceId":${JSON.stringify(traceId)}`;
  return `{"attributes":[],${ids},"droppedAttributesCount":0,"flags":${TraceFlags.NONE | HAS_IS_REMOTE}}`;
}

/** @param ms since the epoch */
function nanos(ms: number): string {
  if (Number.isSafeInteger(ms) && ms > 0) return `${ms}000000`;
  const [seconds, rest] = hrTime(ms);
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));
}

function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
