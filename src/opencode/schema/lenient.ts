/**
 * What the exports of both generations are read with: what a trace can do without is unknown where it is missing or of
 * another type, and so is what cannot be true.
 */
import { z } from "zod";
import { tokensOf, usdOf } from "./tokens.js";

/** A point in time as opencode writes it: milliseconds since the Unix epoch. */
export const epochMs = z.number().finite();

/** What a trace can do without: of any other type it is unknown. */
export const text = z.string().optional().catch(undefined);
export const flag = z.boolean().optional().catch(undefined);
export const moment = epochMs.optional().catch(undefined);
/** Such as a name that stands in a span's name: unknown is none. */
export const textOrNone = z.string().catch("");
/** When a text or thinking came in. */
export const streamTime = z.looseObject({ start: epochMs, end: moment }).optional().catch(undefined);

export const tokens = z.unknown().nullish().transform(tokensOf);
export const usd = z.unknown().nullish().transform(usdOf);
