import { z } from "zod";
import type { TimeAccount } from "./model.js";

/** Where time went, as it is read back from what was kept or sent; ms. */
export const timeAccountSchema = z.object({
  duration: z.number(),
  model: z.number(),
  firstToken: z.number(),
  tools: z.number(),
  waiting: z.number(),
  retries: z.number(),
  other: z.number(),
  toolsSummed: z.number(),
}) satisfies z.ZodType<TimeAccount>;
