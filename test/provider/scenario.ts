/**
 * What a scenario file may say. A scenario is one story: the working directory, the prompts, and what the scripted
 * model replies. Every object is strict, so that a misspelt field is reported instead of silently ignored.
 */
import { z } from "zod";

const milliseconds = z.number().min(0);
const tokenCount = z.int().min(0);
const lines = z.union([z.string(), z.array(z.string()).transform((list) => list.join("\n"))]);

/** Token figures as a provider counts them; unlike opencode's own buckets they contain each other. */
const usage = z
  .strictObject({
    /** All prompt tokens, cached ones included. */
    input: tokenCount,
    cached: tokenCount.default(0),
    /** Only Anthropic's protocol can say it. */
    cacheWrite: tokenCount.default(0),
    /** All completion tokens, reasoning included. */
    output: tokenCount,
    /** Anthropic's protocol cannot say it. */
    reasoning: tokenCount.default(0),
  })
  .refine((value) => value.cached + value.cacheWrite <= value.input, {
    path: ["cached"],
    error: "cached and cacheWrite are portions of input and cannot exceed it",
  })
  .refine((value) => value.reasoning <= value.output, {
    path: ["reasoning"],
    error: "reasoning is a portion of output and cannot exceed it",
  });

const toolCall = z.strictObject({
  /** Else derived from the request's number. */
  id: z.string().min(1).optional(),
  name: z.string().min(1),
  /** An object, or the raw text for arguments that are no JSON. `{{workdir}}` stands for the working directory. */
  arguments: z.union([z.record(z.string(), z.json()), z.string()]),
  /** Into how many pieces the arguments are streamed. */
  chunks: z.int().min(1).default(2),
});

const fault = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("status"),
    status: z.int().min(400).max(599),
    headers: z.record(z.string(), z.string()).default({}),
    /** JSON, or a string that is sent as it is (HTML, for instance). */
    body: z.json(),
  }),
  z.strictObject({ type: z.literal("hang"), at: z.enum(["before-headers", "mid-stream"]) }),
  z.strictObject({ type: z.literal("reset"), at: z.enum(["before-headers", "mid-stream", "mid-tool-call"]) }),
  /** The stream ends after the content, without a finish reason. */
  z.strictObject({ type: z.literal("cut") }),
  /** This JSON as one frame after the content, then the end. */
  z.strictObject({ type: z.literal("sse-error"), frame: z.record(z.string(), z.json()) }),
  /** This text as the data of one frame after the content, then the end. */
  z.strictObject({ type: z.literal("malformed"), data: z.string().default('{"id":"broken",') }),
  /** Status 200, an event stream without a single frame. */
  z.strictObject({ type: z.literal("empty-body") }),
]);

const reply = z
  .strictObject({
    delayMs: milliseconds.default(0).describe("before the response headers"),
    firstChunkMs: milliseconds.default(0).describe("between the headers and the first chunk"),
    chunkMs: milliseconds.default(0).describe("before every further piece of content"),
    /** Into how many pieces reasoning and text are streamed, each. */
    chunks: z.int().min(1).default(4),
    reasoning: lines.optional(),
    text: lines.optional(),
    /** Several calls in one reply are parallel calls. */
    toolCalls: z.array(toolCall).default([]),
    /** Else `tool-calls` when there are any, or `stop`; `unknown` is a reason that no client knows. */
    finish: z.enum(["stop", "tool-calls", "length", "content-filter", "unknown"]).optional(),
    /** How the body is packed on its way. */
    encoding: z.enum(["gzip", "deflate", "br"]).optional(),
    /** Left out: the provider reports no usage. */
    usage: usage.optional(),
    fault: fault.optional(),
  })
  .check((context) => {
    const { fault: planned, toolCalls, reasoning, text } = context.value;
    const at = planned && "at" in planned ? planned.at : undefined;
    const hasContent = toolCalls.length > 0 || reasoning !== undefined || text !== undefined;
    if (at === "mid-stream" && !hasContent) {
      context.issues.push({
        code: "custom",
        path: ["fault", "at"],
        message: "there is no middle of a stream without reasoning, text or toolCalls",
        input: at,
      });
    }
    if (at === "mid-tool-call" && toolCalls.length === 0) {
      context.issues.push({
        code: "custom",
        path: ["fault", "at"],
        message: "there is no middle of a tool call without toolCalls",
        input: at,
      });
    }
  });

const lane = z.strictObject({
  name: z.string().min(1),
  /** Text in the conversation's first or last user message; a lane without it takes what no other lane matches. */
  match: z.string().min(1).optional(),
  /** Only requests for this model. */
  model: z.string().min(1).optional(),
  /** Used in order, one a request; when they are used up the provider answers 500 "scenario exhausted". */
  replies: z.array(reply),
});

const price = z.number().min(0);
const model = z.strictObject({
  id: z.string().min(1),
  /** USD per million tokens. */
  cost: z
    .strictObject({ input: price, output: price, cacheRead: price.default(0), cacheWrite: price.default(0) })
    .optional(),
  limit: z.strictObject({ context: tokenCount, output: tokenCount }).default({ context: 200_000, output: 32_000 }),
  /** Whether it takes them. */
  images: z.boolean().optional(),
});

const prompt = z.union([
  z.string().transform((text): { text: string; flags: string[] } => ({ text, flags: [] })),
  z.strictObject({ text: z.string(), flags: z.array(z.string()).default([]) }),
]);

export const scenarioSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]+$/, "a name is made of lower-case letters, digits and hyphens"),
    description: z.string().min(1),
    protocol: z.enum(["chat-completions", "messages", "responses"]).default("chat-completions"),
    /** The first one is the default model. */
    models: z.tuple([model], model).default([
      {
        id: "m1",
        cost: { input: 1, output: 2, cacheRead: 0.1, cacheWrite: 1.25 },
        limit: { context: 200_000, output: 32_000 },
      },
    ]),
    /** Counts what answers use by a real tokenizer, whatever their replies say; of chat completions alone. */
    counts: z.boolean().default(false),
    /** What the title request is answered with. */
    title: z.string().default("A scripted session"),
    /** Merged over the generated opencode configuration. `{{workdir}}` stands for the working directory. */
    opencode: z.record(z.string(), z.json()).default({}),
    /** The working directory: path to content. */
    files: z.record(z.string(), lines).default({}),
    /** A folder, relative to the scenario file, whose files are put into the working directory first. */
    filesFrom: z.string().min(1).optional(),
    /** Whether the working directory is a git repository with one commit. */
    git: z.boolean().default(false),
    /** One turn each; the second and later continue the session. */
    prompts: z.array(prompt).min(1),
    /** Kill opencode this long after the given request (titles not counted, from 1) arrived. */
    stopAfter: z
      .strictObject({
        request: z.int().min(1),
        ms: milliseconds.default(0),
        signal: z.enum(["SIGINT", "SIGTERM", "SIGKILL"]),
      })
      .optional(),
    lanes: z.array(lane).min(1),
  })
  .check((context) => {
    const scenario = context.value;
    const names = new Set<string>();
    scenario.lanes.forEach((entry, laneIndex) => {
      if (names.has(entry.name)) {
        context.issues.push({
          code: "custom",
          path: ["lanes", laneIndex, "name"],
          message: `another lane is already called "${entry.name}"`,
          input: entry.name,
        });
      }
      names.add(entry.name);
      entry.replies.forEach((planned, replyIndex) => {
        const anthropic = scenario.protocol === "messages";
        const unsayable = anthropic ? "reasoning" : "cacheWrite";
        if (planned.usage && planned.usage[unsayable] > 0) {
          context.issues.push({
            code: "custom",
            path: ["lanes", laneIndex, "replies", replyIndex, "usage", unsayable],
            message: `the protocol "${scenario.protocol}" has no such figure`,
            input: planned.usage[unsayable],
          });
        }
      });
    });
  });

export type Scenario = z.output<typeof scenarioSchema>;
export type Lane = z.output<typeof lane>;
export type Reply = z.output<typeof reply>;
export type ToolCall = z.output<typeof toolCall>;
export type Fault = z.output<typeof fault>;
export type Usage = z.output<typeof usage>;
