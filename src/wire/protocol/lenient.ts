/** Shapes of fields in which a provider may write whatever it likes: what is none of its kind counts as left out. */
import { z } from "zod";

/** A text. */
export const text = z.string().nullish().catch(null);

/** A number of tokens; what cannot be one is 0. */
export const tokens = z
  .number()
  .min(0)
  .nullish()
  .catch(null)
  .transform((value) => value ?? 0);

/** An object; empty where it is none. */
export function part<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape).nullish().catch(null);
}

/** A list without those of its items that are of no such shape. */
export function list<Item extends z.ZodType>(item: Item) {
  return z
    .array(z.unknown())
    .nullish()
    .catch(null)
    .transform((items) =>
      (items ?? []).flatMap((value) => {
        const { data } = item.safeParse(value);
        return data === undefined || data === null ? [] : [data];
      }),
    );
}

/** An object as it is, for the reader of raw figures. */
export const raw = z.record(z.string(), z.unknown()).nullish().catch(null);
