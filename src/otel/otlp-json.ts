/**
 * Spans as OTLP/JSON, straight from their data: byte for byte what OpenTelemetry's serialiser writes of the SDK's own
 * spans (`spanMaker`), at a fraction of the time. Those two build some ten objects for each attribute.
 */
import {
  type Attributes,
  isValidSpanId,
  isValidTraceId,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from "@opentelemetry/api";
import { ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_TYPE } from "@opentelemetry/semantic-conventions";
import { hrTime } from "./hr-time.js";
import { JsonBytes } from "./json-bytes.js";
import { isDigits, JsonText, writeJson } from "./json-text.js";
import type { RemoteParent } from "./options.js";
import { type AttributeList, attributeList, type SpanToWrite } from "./span-data.js";
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
  writeAttributes(attributeList(resource), to, true, knownNames());
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
  const names = knownNames();
  const known = new WeakMap<Attributes, WrittenShared>();
  let ofTrace: string | undefined;
  /** Of a span of that trace. */
  let beginning = utf8("");
  let isTraceValid = false;
  /** Of the span before, which most often has the same parent. */
  let parentBefore: string | undefined;
  let isParentValid = false;

  function sharedOf(attributes: Attributes): WrittenShared {
    const before = known.get(attributes);
    if (before) return before;
    const to = new JsonBytes();
    const size = writeAttributes(attributeList(attributes), to, true, names);
    const shared = { json: to.written().slice(), size };
    known.set(attributes, shared);
    return shared;
  }

  return {
    write(span, to) {
      const { traceId, spanId, parent, exception, errorMessage, links = [] } = span;
      if (traceId !== ofTrace) {
        ofTrace = traceId;
        isTraceValid = isValidTraceId(traceId);
        beginning = utf8(`{"traceId":${JSON.stringify(traceId)},"spanId":"`);
      }
      if (parent !== null && parent.spanId !== parentBefore) {
        parentBefore = parent.spanId;
        isParentValid = isValidSpanId(parent.spanId);
      }
      const isChild = parent !== null && isTraceValid && isParentValid;
      to.bytes(beginning);
      to.text(spanId, 1);
      if (isChild) {
        to.bytes(PARENT_ID);
        to.text(parent.spanId, 1);
      }
      to.bytes(NAME);
      to.text(span.name, 1);
      to.bytes(span.kind === "client" ? CLIENT : INTERNAL);
      writeNanos(span.start, to);
      to.bytes(END);
      // What ends before it begins ends with its beginning.
      writeNanos(Math.max(span.start, span.end), to);
      to.bytes(ATTRIBUTES);
      const shared = sharedOf(span.shared);
      to.bytes(shared.json);
      const own = writeAttributes(span.own, to, shared.json.length === 0, names);
      to.bytes(EVENTS);
      if (exception !== null) {
        to.bytes(EXCEPTION);
        const attributes = { [ATTR_EXCEPTION_TYPE]: exception.type, [ATTR_EXCEPTION_MESSAGE]: exception.message };
        writeAttributes(attributeList(attributes), to, true, names);
        to.bytes(EXCEPTION_AT);
        writeNanos(exception.at, to);
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

/** What attributes of one name have in common, each behind a comma. */
interface KnownName {
  /** How one begins. */
  readonly head: Uint8Array;
  /** How one begins whose value is a text. */
  readonly textHead: Uint8Array;
  /** Attributes as a whole, by their short texts; undefined where the texts are too many, as of ids. */
  short: Map<string, WrittenText> | undefined;
}

interface WrittenText {
  readonly json: Uint8Array;
  readonly size: number;
}

/** @returns undefined past so many that the names are a caller's own */
type KnownNames = (name: string) => KnownName | undefined;

const MOST_NAMES = 1_000;
const MOST_SHORT_TEXTS = 16;
const SHORT_TEXT = 32;

/** Each name is written once, and so is each of the few texts that many spans have for one, such as `completed`. */
function knownNames(): KnownNames {
  const known = new Map<string, KnownName>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    if (known.size === MOST_NAMES) return undefined;
    const head = headOf(name);
    const one = { head: utf8(head), textHead: utf8(`${head}${TEXT_HEAD}`), short: new Map() };
    known.set(name, one);
    return one;
  };
}

function headOf(name: string): string {
  return `,{"key":${JSON.stringify(name)},"value":`;
}

function shortText(text: string, name: KnownName): WrittenText | undefined {
  if (text.length > SHORT_TEXT || name.short === undefined) return undefined;
  const before = name.short.get(text);
  if (before !== undefined) return before;
  if (name.short.size === MOST_SHORT_TEXTS) {
    name.short = undefined;
    return undefined;
  }
  shortAttribute.clear();
  shortAttribute.bytes(name.textHead);
  const size = writeText(text, shortAttribute);
  const written = { json: shortAttribute.written().slice(), size };
  // A text that is a piece of a long one would keep all of that.
  name.short.set(Buffer.from(text, "utf16le").toString("utf16le"), written);
  return written;
}

/** Where one is made. */
const shortAttribute = new JsonBytes(512);

const TEXT_HEAD = '{"stringValue":"';
const TEXT_END = utf8('"}}');

/** A text and what stands behind it. @returns about how many bytes the attribute takes */
function writeText(value: string | JsonText, to: JsonBytes): number {
  const before = to.unescaped;
  if (typeof value === "string") to.text(value, 1);
  else writeJson(value, to, 1);
  const size = to.unescaped - before + 80;
  to.bytes(TEXT_END);
  return size;
}

/**
 * @param isFirst whether nothing stands before them
 * @returns about how many bytes they take
 */
function writeAttributes(
  { names, values }: AttributeList,
  to: JsonBytes,
  isFirst: boolean,
  knownName: KnownNames,
): number {
  const { length } = to;
  let size = 0;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? "";
    const value = values[index];
    if (!isSent(name, value)) continue;
    const known = knownName(name);
    // Before the first one of all no comma stands.
    const from = isFirst && to.length === length ? 1 : 0;
    const short = typeof value === "string" && known ? shortText(value, known) : undefined;
    if (short) {
      to.bytes(short.json, from);
      size += short.size;
    } else if (typeof value === "string" || value instanceof JsonText) {
      if (known) to.bytes(known.textHead, from);
      else to.text(`${headOf(name).slice(from)}${TEXT_HEAD}`, 0);
      size += writeText(value, to);
    } else {
      if (known) to.bytes(known.head, from);
      else to.text(headOf(name).slice(from), 0);
      writeValue(value, to);
      size += 120;
    }
  }
  return size;
}

/** Whether the SDK takes an attribute: it has a name, and a single value or a list of values of one type. */
function isSent(name: string, value: unknown): boolean {
  if (name === "" || name === "__proto__") return false;
  if (typeof value === "string") return true;
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

/** A value that is no text, and what stands behind it. */
function writeValue(value: unknown, to: JsonBytes): void {
  if (typeof value === "number" && isDigits(value)) {
    to.bytes(INTEGER_HEAD);
    to.integer(value);
    to.bytes(VALUE_END);
  } else if (Array.isArray(value) && value.length === 1 && typeof value[0] === "string") {
    to.bytes(TEXTS_HEAD);
    to.text(value[0], 1);
    to.bytes(TEXTS_END);
  } else to.text(`${valueJson(value)}}`, 0);
}

const INTEGER_HEAD = utf8('{"intValue":');
const VALUE_END = utf8("}}");
/** Of a list of one text. */
const TEXTS_HEAD = utf8('{"arrayValue":{"values":[{"stringValue":"');
const TEXTS_END = utf8('"}]}}}');

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

/** In nanoseconds. @param ms since the epoch */
function writeNanos(ms: number, to: JsonBytes): void {
  const [seconds, rest] = hrTime(ms);
  if (seconds > 0 && rest < SECOND && Number.isSafeInteger(seconds)) {
    to.integer(seconds);
    to.digits(rest, 9);
  } else to.text(String(BigInt(seconds) * BigInt(SECOND) + BigInt(rest)), 0);
}

const SECOND = 1_000_000_000;

function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
