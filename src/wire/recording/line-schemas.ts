/**
 * The lines of a recording: JSON, one object a line. What the tap writes in opencode's process, and what looptrace keeps
 * beside a session. All times are ms since the epoch, with fractions; `n` is the request's number in its recording.
 */
import { z } from "zod";

const count = z.int().min(0);
const time = z.number();
const headers = z.record(z.string(), z.string());
/** Ids come from headers: what is too long for one is none. */
const id = z.string().max(300).nullable().catch(null);

/** Begins a recording, or goes on with it after another one's lines. */
const tap = z.object({
  t: z.literal("tap"),
  v: z.number(),
  /** The recording's name. */
  id: z.string().optional().catch(undefined),
  /** By which rules all behind it is masked; absent in what the tap writes. */
  masked: z.string().optional().catch(undefined),
});

const request = z.object({
  t: z.literal("request"),
  n: count,
  at: time,
  method: z.string(),
  url: z.string(),
  headers: headers.catch({}),
  session: id.default(null),
  parent: id.default(null),
  message: id.default(null),
  purpose: z.enum(["primary", "compaction", "title", "generate"]).nullable().catch(null).default(null),
  /** SHA-256 of the body, hexadecimal. */
  hash: z.string().max(128),
  /** UTF-8 bytes of the body. */
  bytes: count,
  /** The earlier request whose body this one's is compared with. */
  base: count.nullable().default(null),
  /** How much they have in common at their beginnings, and at their ends, in UTF-16 units. */
  prefix: count.default(0),
  suffix: count.default(0),
  /** What stands between; absent where only sizes and hashes are recorded. */
  middle: z.string().optional(),
  traceparent: z.string().max(200).optional().catch(undefined),
});

const response = z.object({
  t: z.literal("response"),
  n: count,
  at: time,
  status: z.number(),
  headers: headers.catch({}),
});

/** Chunks of a response's body that came one after the other. */
const part = z.object({
  t: z.literal("part"),
  n: count,
  /** When the first of them came. */
  at: time,
  /** Of each: ms after `at`, bytes, UTF-16 units of `text`. */
  chunks: z.array(z.tuple([z.number(), count, count])),
  /** Absent where only sizes are recorded. */
  text: z.string().optional(),
});

const end = z.object({
  t: z.literal("end"),
  n: count,
  at: time,
  how: z.enum(["complete", "aborted", "failed"]),
  error: z.string().nullable().optional().catch(undefined),
});

const tool = z.object({
  t: z.literal("tool"),
  session: z.string(),
  call: z.string(),
  tool: z.string(),
  start: time,
  end: time.nullable().default(null),
  traceparent: z.string().max(200).optional().catch(undefined),
});

/** What the tap left out, or why it stopped. */
const lost = z.object({ t: z.literal("lost"), why: z.string() });

/** A sentence about what is missing, as it was read before. */
const note = z.object({ t: z.literal("note"), text: z.string() });

export const SCHEMAS = { tap, request, response, part, end, tool, lost, note };

export const lineOf = z.discriminatedUnion("t", [tap, request, response, part, end, tool, lost, note]);
export const ofAnyKind = z.object({ t: z.string() });
