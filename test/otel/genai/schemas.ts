/**
 * The JSON schemas that OpenTelemetry's conventions 1.41.1 publish for the values of GenAI attributes, as zod: the files
 * gen-ai-input-messages.json, gen-ai-output-messages.json, gen-ai-system-instructions.json and
 * gen-ai-tool-definitions.json. They let any part pass whose type is a text; here a part of a type that they describe
 * must be as they describe it.
 */
import { z } from "zod";

const id = z.string().nullable().optional();
const media = { mime_type: z.string().nullable().optional(), modality: z.string() };

const known = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text"), content: z.string() }),
  z.looseObject({ type: z.literal("reasoning"), content: z.string() }),
  z.looseObject({ type: z.literal("tool_call"), id, name: z.string(), arguments: z.unknown().optional() }),
  z.looseObject({ type: z.literal("tool_call_response"), id, response: z.unknown() }),
  z.looseObject({ type: z.literal("blob"), ...media, content: z.string() }),
  z.looseObject({ type: z.literal("file"), ...media, file_id: z.string() }),
  z.looseObject({ type: z.literal("uri"), ...media, uri: z.string() }),
]);
const described: ReadonlySet<string> = new Set(known.options.map(({ shape }) => shape.type.value));
const generic = z.looseObject({
  type: z.string().refine((type) => !described.has(type), { message: "a part of a described type has another shape" }),
});
const part = z.union([known, generic]);
const message = z.looseObject({
  role: z.enum(["system", "user", "assistant", "tool"]),
  parts: z.array(part),
  name: z.string().nullable().optional(),
});

export const inputMessagesSchema = z.array(message);

export const outputMessagesSchema = z.array(message.extend({ finish_reason: z.string() }));

export const systemInstructionsSchema = z.array(part);

export const toolDefinitionsSchema = z.array(
  z.union([
    z.looseObject({
      type: z.literal("function"),
      name: z.string(),
      description: z.string().nullable().optional(),
      parameters: z.looseObject({}).nullable().optional(),
    }),
    z.looseObject({ type: z.string().refine((type) => type !== "function"), name: z.string() }),
  ]),
);

/** Arguments and results are to be objects. */
export const objectSchema = z.looseObject({});
