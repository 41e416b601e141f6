import type { RequestKind } from "../queue/request-kind.js";
import { type Destination, LANGFUSE_TRACES_PATH, publicUrl } from "./destination.js";

/** One place stays one object: connections are kept by it. */
const known = new WeakMap<Destination, Map<RequestKind, Destination | undefined>>();

/**
 * Where a destination takes requests of a kind: the destination itself, with the address and whatever else differs for
 * them.
 *
 * @returns undefined where it takes none of that kind
 */
export function placeFor(destination: Destination, kind: RequestKind): Destination | undefined {
  const places = known.get(destination) ?? new Map<RequestKind, Destination | undefined>();
  known.set(destination, places);
  if (!places.has(kind)) places.set(kind, findPlace(destination, kind));
  return places.get(kind);
}

function findPlace(destination: Destination, kind: RequestKind): Destination | undefined {
  switch (kind) {
    case "traces":
      return destination;
    case "metrics":
      return destination.metrics && metricsPlace(destination, destination.metrics);
    case "scores":
      return langfusePlace(destination, "/api/public/ingestion");
    case "media":
      return langfusePlace(destination, "/api/public/media");
    default:
      return kind satisfies never;
  }
}

/** Where another host takes metrics than traces, what is said of its answers names that one. */
function metricsPlace(destination: Destination, metrics: NonNullable<Destination["metrics"]>): Destination {
  const url = new URL(metrics.endpoint);
  const label = url.host === new URL(destination.endpoint).host ? destination.label : url.host;
  return { ...destination, ...metrics, label, url: publicUrl(url) };
}

export function takes(destination: Destination, kind: RequestKind): boolean {
  return placeFor(destination, kind) !== undefined;
}

/** Langfuse's API below the address that its traces go to; it reads JSON alone. */
function langfusePlace(destination: Destination, path: string): Destination | undefined {
  if (destination.kind !== "langfuse") return undefined;
  const url = new URL(destination.endpoint);
  url.pathname = url.pathname.replace(LANGFUSE_TRACES_PATH, path);
  return { ...destination, endpoint: url.href, url: publicUrl(url), protocol: "http/json" };
}
