/** What OTLP/JSON's messages have in common, read as OpenTelemetry's SDK has it; only what looptrace itself writes. */
import type { Attributes, HrTime } from "@opentelemetry/api";
import { z } from "zod";

const texts = z.object({ values: z.array(z.object({ stringValue: z.string() })) });
const truths = z.object({ values: z.array(z.object({ boolValue: z.boolean() })) });
const number = z.union([
  z.object({ intValue: z.coerce.number() }).transform(({ intValue }) => intValue),
  z.object({ doubleValue: z.number() }).transform(({ doubleValue }) => doubleValue),
]);
const numbers = z.object({ values: z.array(number) });

const anyValue = z.union([
  z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.object({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
  number,
  z
    .object({ arrayValue: texts })
    .transform(({ arrayValue }) => arrayValue.values.map(({ stringValue }) => stringValue)),
  z.object({ arrayValue: truths }).transform(({ arrayValue }) => arrayValue.values.map(({ boolValue }) => boolValue)),
  z.object({ arrayValue: numbers }).transform(({ arrayValue }) => arrayValue.values),
  z.strictObject({}).transform(() => undefined),
]);

export const attributes = z
  .array(z.object({ key: z.string(), value: anyValue }))
  .default([])
  .transform((pairs): Attributes => Object.fromEntries(pairs.map(({ key, value }) => [key, value])));

export const count = z.number().int().default(0);

const NANOS = 1_000_000_000n;

/** Nanoseconds since the epoch, as the SDK has them. */
export const time = z
  .string()
  .regex(/^\d+$/)
  .transform((text): HrTime => [Number(BigInt(text) / NANOS), Number(BigInt(text) % NANOS)]);
