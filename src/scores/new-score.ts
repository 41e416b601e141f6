import { z } from "zod";
import { ConfigurationError } from "../errors/configuration-error.js";

/** As long as Langfuse takes a text. */
const LONGEST_TEXT = 500;

/** The names of the scores that looptrace gives itself. */
export const OWN_SCORES = [
  "outcome",
  "tool_error_rate",
  "cache_hit_ratio",
  "doom_loop",
  "opencode_time_share",
  "cost_usd",
] as const;
export type OwnScoreName = (typeof OWN_SCORES)[number];

const name = z
  .string()
  .trim()
  .min(1, "is empty")
  .max(200, "is longer than 200 characters")
  .refine(
    (text) => !(OWN_SCORES as readonly string[]).includes(text),
    "is the name of a score that looptrace gives itself",
  );

/** What a caller says of a turn. */
export const newScore = z
  .strictObject({
    name,
    value: z.union([
      z.number().refine(Number.isFinite, "is no finite number"),
      z.boolean(),
      z.string().min(1, "is empty").max(LONGEST_TEXT, `is longer than ${LONGEST_TEXT} characters`),
    ]),
    /** Whether a text is one of a few values that are counted, which is the default, or words of its own. */
    kind: z.enum(["category", "text"]).exactOptional(),
    /** Why it is so, for a person. */
    comment: z.string().exactOptional(),
  })
  .refine(({ kind, value }) => kind === undefined || typeof value === "string", {
    error: "has a kind, which is for a value that is a text",
    path: ["kind"],
  })
  .readonly();

/**
 * A score of the caller's own for a turn: a number, a yes or no, one of a few values, or a text of up to 500 characters.
 * A turn has one score of a name: another value under the same name takes its place.
 *
 * @example
 * ```ts
 * import type { NewScore } from "looptrace";
 *
 * const tests: NewScore = { name: "tests", value: true, comment: "412 passed" };
 * const review: NewScore = { name: "review", value: 0.8 };
 * const kind: NewScore = { name: "change", value: "refactoring" };
 * console.log(tests, review, kind);
 * ```
 */
export type NewScore = z.input<typeof newScore>;

/** @throws {ConfigurationError} when it is no score; the message says what is wrong with it */
export function checkedScore(score: NewScore): z.output<typeof newScore> {
  const result = newScore.safeParse(score);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0] ?? { path: [], message: "is none" };
  const label = typeof score.name === "string" ? JSON.stringify(score.name.slice(0, 60)) : "";
  throw new ConfigurationError("score", `The score ${label}: ${[...path, message].join(" ")}.`);
}
