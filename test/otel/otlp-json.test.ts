import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonBytes } from "../../src/otel/json-bytes.js";
import { createSpanWriter, type RequestFrame, requestFrame } from "../../src/otel/otlp-json.js";
import { spanProfile } from "../../src/otel/profiles.js";
import { attributeList, type SpanToWrite } from "../../src/otel/span-data.js";
import { spanMaker } from "../../src/otel/span-maker.js";
import { traceResource } from "../../src/otel/trace-resource.js";
import { anyCharacter } from "../support/any-character.js";
import { tries } from "../support/tries.js";

const HALF = "\ud83d";
const text = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 20 }),
  fc.constantFrom("", HALF, `a${HALF}b`, "\udc4b", '"\\\n\u0000\u001b\u2028', "👋", "x".repeat(9_000)),
);
const odd = fc.constantFrom(Number.NaN, -0, 10, 999_999_999, 1e9, 2 ** 31, 2 ** 53, 1e21, 1e-7);
const number = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger(), odd);
const list = <T>(item: fc.Arbitrary<T>) => fc.array(fc.option(item, { freq: 5 }), { maxLength: 4 });
const value: fc.Arbitrary<AttributeValue | undefined> = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.constant(undefined),
  fc.constant<AttributeValue>([]),
  list(text),
  list(number),
  list(fc.boolean()),
);
const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits });
const ms = fc.oneof(
  fc.nat(2_000_000_000_000),
  fc.double({ min: 0, max: 2e12, noNaN: true }),
  // The last rounds up to a whole second.
  fc.constantFrom(0, 0.25, 999, 1_000, 1_795_234_047_121.5, 999.999_999_9, 1_999.999_999_9),
);

// As a number an object would put it first.
const name = fc.string({ maxLength: 4 }).map((end) => `k${end}`);
const shared = fc.dictionary(name, value, { maxKeys: 4 });
const span: fc.Arbitrary<Omit<SpanToWrite, "traceId" | "shared" | "own"> & { readonly attributes: Attributes }> =
  fc.record({
    spanId: hex(16),
    parent: fc.option(
      fc.record({ spanId: fc.oneof(hex(16), fc.constant("0".repeat(16)), text), remote: fc.boolean() }),
    ),
    name: text,
    kind: fc.constantFrom("internal" as const, "client" as const),
    start: ms,
    end: ms,
    attributes: fc.dictionary(name, value, { maxKeys: 8 }),
    links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16) }), { maxLength: 2 }),
    errorMessage: fc.option(text),
    exception: fc.option(fc.record({ at: ms, type: text, message: text })),
  });

describe("a request", () => {
  test("is byte for byte what OpenTelemetry writes of the SDK's spans", () => {
    const spans = fc.array(span, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(hex(32), shared, spans, fc.constantFrom("langfuse", "genai"), (traceId, ofTrace, some, profile) => {
        const options = { serviceName: `s${HALF}`, resourceAttributes: { team: "é" } };
        const { scope, resource } = spanProfile(profile);
        const makeSpan = spanMaker(options, profile);
        const made = some.map(({ attributes, ...one }) =>
          makeSpan({ ...one, traceId, attributes: { ...ofTrace, ...attributes } }),
        );
        const written = some.map(({ attributes, ...one }) => {
          const apart = Object.entries(attributes).filter(([name]) => !Object.hasOwn(ofTrace, name));
          const own = attributeList(Object.fromEntries(apart));
          // A value that stands in both is the span's, in the place of the trace's.
          const both = Object.fromEntries(
            Object.keys(ofTrace).map((name) => [name, name in attributes ? attributes[name] : ofTrace[name]]),
          );
          return { ...one, traceId, shared: both, own };
        });
        const frame = requestFrame(traceResource(options, resource(options)), scope);
        expect(textOf(frame, written)).toBe(bySdk(made));
      }),
      { numRuns: tries(100) },
    );
  });

  test("leaves out what the SDK takes for no attribute", () => {
    const odd: Attributes = JSON.parse(
      '{"mixed":[1,"a"],"object":{"a":1},"nested":[[1]],"":1,"__proto__":2,"no":null}',
    );
    const attributes = { ...odd, yes: true };
    const item = spanWith(attributeList(attributes));
    const made = spanMaker({})({ ...item, attributes });
    const { scope } = spanProfile("langfuse");
    const body = textOf(requestFrame(traceResource({}, {}), scope), [item]);
    expect(body).toBe(bySdk([made]));
    expect(body).toContain('"attributes":[{"key":"yes","value":{"boolValue":true}}]');
  });
});

test("a text is written the same again, also under a name that has had very many", () => {
  const texts = ["completed", 'a "quoted" one\n', `half${HALF}`, "x".repeat(33)];
  const all = Array.from({ length: 120 }, (_, index) => ({
    outcome: texts[index % texts.length],
    id: `id ${index % 40}`,
  }));
  const spans = all.map((attributes) => spanWith(attributeList(attributes)));
  const makeSpan = spanMaker({});
  const made = all.map((attributes) => makeSpan({ ...spanWith(attributeList({})), attributes }));
  const { scope } = spanProfile("langfuse");
  expect(textOf(requestFrame(traceResource({}, {}), scope), spans) === bySdk(made)).toBe(true);

  // More names than are kept.
  const many = Object.fromEntries(
    Array.from({ length: 1_100 }, (_, index) => [`m${HALF}${index}`, index % 2 ? "a" : 1]),
  );
  const item = spanWith(attributeList(many));
  const body = textOf(requestFrame(traceResource({}, {}), scope), [item]);
  expect(body === bySdk([makeSpan({ ...item, attributes: many })])).toBe(true);

  const writer = createSpanWriter();
  const sizes = spans.map((item) => writer.write(item, new JsonBytes()));
  expect(sizes.slice(80)).toEqual(sizes.slice(0, 40));
});

function spanWith(own: SpanToWrite["own"]): SpanToWrite {
  return {
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    parent: null,
    name: "x",
    kind: "internal",
    start: 2,
    end: 1,
    shared: {},
    own,
    errorMessage: null,
    exception: null,
  };
}

function bySdk(spans: ReadableSpan[]): string {
  return new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans));
}

function textOf(frame: RequestFrame, spans: readonly SpanToWrite[]): string {
  const writer = createSpanWriter();
  const written = new JsonBytes();
  for (const [index, one] of spans.entries()) {
    if (index === 0) written.bytes(frame.head);
    else written.text(",", 0);
    writer.write(one, written);
  }
  written.bytes(frame.tail);
  return new TextDecoder().decode(written.written());
}
