import { plural } from "../text/format.js";
import type { KindBeside } from "./delivery-report.js";
import type { OutboxStatus } from "./queue/outbox-status.js";

/** What one item of each kind is called. */
export const NOUNS = { traces: "span", metrics: "metric", scores: "score", media: "file" } as const;

/** What goes with spans, in the order in which it is told. */
export const KINDS_BESIDE: readonly KindBeside[] = ["metrics", "scores", "media"];

/** How much of each kind there is: `12 spans, 3 scores`. */
export function itemsText({ spans, beside }: Pick<OutboxStatus, "spans" | "beside">): string {
  const others = KINDS_BESIDE.flatMap((kind) => (beside[kind] ? [plural(beside[kind], NOUNS[kind])] : []));
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
