import { createHash } from "node:crypto";
import { describeDiskFailure } from "../files/disk-failure.js";
import type { Consignment, Content } from "./queue/consignment.js";
import { pickSpans, type SpanRef, spanKey } from "./queue/otlp-body.js";
import { keepRejected } from "./queue/rejections.js";
import type { RunContext } from "./run-context.js";

/**
 * So many spans refused one by one, and none taken: then it is not the spans, and setting each aside would empty the
 * outbox into the rejected ones. 8 is more than a request has malformed spans by accident.
 */
const DOUBT_FROM = 8;

/** Decides whether a refused span is malformed, or the destination refuses everything. */
export interface Refusals {
  /** The destination took something in this run, so what it refuses is refused for its content. */
  accepted(): void;
  /** Whether it refused so much and took so little that its refusals prove nothing. */
  inDoubt(): boolean;
  /** Notes a span that was refused although it was alone in its request. */
  alone(consignment: Consignment, span: SpanRef, message: string): void;
  /** Sets the spans aside that were noted for a request, unless in doubt. */
  conclude(consignment: Consignment): Promise<void>;
}

export function createRefusals(context: RunContext): Refusals {
  const noted = new Map<Consignment, { readonly span: SpanRef; readonly message: string }[]>();
  let anyAccepted = false;
  let refusedAlone = 0;
  const inDoubt = () => !anyAccepted && refusedAlone >= DOUBT_FROM;
  return {
    accepted() {
      anyAccepted = true;
    },
    inDoubt,
    alone(consignment, span, message) {
      refusedAlone += 1;
      noted.set(consignment, [...(noted.get(consignment) ?? []), { span, message }]);
    },
    async conclude(consignment) {
      const found = noted.get(consignment) ?? [];
      noted.delete(consignment);
      if (inDoubt()) return;
      for (const { span, message } of found) await setAside(context, consignment, [span], message);
    },
  };
}

/** Keeps refused spans below `rejected/`. Where that fails they stay pending, so that they are not lost. */
export async function setAside(
  context: RunContext,
  consignment: Consignment,
  spans: readonly SpanRef[],
  reason: string,
): Promise<void> {
  const { content } = consignment;
  if (content === undefined) return;
  const keys = new Set(spans.map(spanKey));
  if (await keep(context, content, keys, reason)) for (const key of keys) consignment.rejected.add(key);
}

/** Keeps a copy of spans of which the destination dropped some without saying which. */
export async function keepCopy(
  context: RunContext,
  content: Content,
  spans: readonly SpanRef[],
  reason: string,
): Promise<void> {
  await keep(context, content, new Set(spans.map(spanKey)), reason);
}

async function keep(
  context: RunContext,
  content: Content,
  keys: ReadonlySet<string>,
  reason: string,
): Promise<boolean> {
  const body =
    keys.size === content.spans.size ? content.body : pickSpans(content.body, (key) => keys.has(key));
  // The same spans refused again go by the same name: a run that was killed leaves no second copy.
  const name = createHash("sha256")
    .update([...keys].sort().join())
    .digest("hex")
    .slice(0, 32);
  try {
    const why = { reason, atMs: context.clock.now() };
    await keepRejected(context.paths, context.destination, name, body, why);
    return true;
  } catch (error) {
    context.problems.add(
      `refused spans cannot be kept below ${context.paths.rejected} (${describeDiskFailure(error)})`,
    );
    return false;
  }
}
