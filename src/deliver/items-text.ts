import { count, plural } from "../text/format.js";
import type { KindBeside } from "./delivery-report.js";
import type { OutboxStatus } from "./queue/outbox-status.js";

/** What one item of each kind is called; the metrics of a turn are one. */
const NOUNS = { traces: "span", metrics: "turn", scores: "score", media: "file" } as const;

/**
 * So many items of a kind: `12 spans`, `metrics of 1 turn`.
 *
 * @param done how many of them are done with, where that is to be told: `3 of 12 spans`
 */
export function itemCount(items: number, kind: keyof typeof NOUNS, done?: number): string {
  const counted = `${done === undefined ? "" : `${count(done)} of `}${plural(items, NOUNS[kind])}`;
  return kind === "metrics" ? `metrics of ${counted}` : counted;
}

/** What goes with spans, in the order in which it is told. */
export const KINDS_BESIDE: readonly KindBeside[] = ["metrics", "scores", "media"];

/** How much of each kind there is: `12 spans, 3 scores`. */
export function itemsText({ spans, beside }: Pick<OutboxStatus, "spans" | "beside">): string {
  const others = KINDS_BESIDE.flatMap((kind) => (beside[kind] ? [itemCount(beside[kind], kind)] : []));
  return [...(spans > 0 || others.length === 0 ? [plural(spans, "span")] : []), ...others].join(", ");
}

/** The same for several. */
export function sumItems(
  some: readonly Pick<OutboxStatus, "spans" | "beside">[],
): Pick<OutboxStatus, "spans" | "beside"> {
  const beside: Partial<Record<KindBeside, number>> = {};
  for (const one of some)
    for (const kind of KINDS_BESIDE) {
      const more = one.beside[kind];
      if (more !== undefined) beside[kind] = (beside[kind] ?? 0) + more;
    }
  return { spans: some.reduce((sum, one) => sum + one.spans, 0), beside };
}
