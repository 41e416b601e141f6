import { createHash } from "node:crypto";
import { expect } from "vitest";
import { z } from "zod";
import type { Provider } from "../provider/start-provider.js";

const line = z.looseObject({
  t: z.string(),
  n: z.number().optional(),
  hash: z.string().optional(),
  bytes: z.number().optional(),
  base: z.number().nullish(),
  prefix: z.number().optional(),
  suffix: z.number().optional(),
  middle: z.string().optional(),
  session: z.string().nullish(),
  parent: z.string().nullish(),
  status: z.number().optional(),
  how: z.string().optional(),
  text: z.string().optional(),
});
export type WireLine = z.infer<typeof line>;

/** The lines of a recording. */
export function linesIn(wire: string): readonly WireLine[] {
  return wire
    .split("\n")
    .filter(Boolean)
    .map((text) => line.parse(JSON.parse(text)));
}

/** The bodies of a recording's requests, in order. */
export function bodiesIn(lines: readonly WireLine[]): readonly string[] {
  return [...bodiesByNumber(lines).values()];
}

function bodiesByNumber(lines: readonly WireLine[]): ReadonlyMap<number, string> {
  const bodies = new Map<number, string>();
  for (const { t, n = -1, base, prefix = 0, suffix = 0, middle = "" } of lines) {
    if (t !== "request") continue;
    const former = bodies.get(base ?? -1) ?? "";
    bodies.set(n, `${former.slice(0, prefix)}${middle}${former.slice(former.length - suffix)}`);
  }
  return bodies;
}

/**
 * Requests that failed without an answer and that the provider knows nothing of: a connection that opencode had kept
 * may be gone when it sends the next one. What the provider got is in the recording all the same.
 */
function neverArrived(lines: readonly WireLine[], bodies: readonly string[]): ReadonlySet<number> {
  const lost = new Set<number>();
  for (const [n, body] of bodiesByNumber(lines)) {
    const own = lines.filter((one) => one.n === n);
    const isUnanswered = !own.some(({ t }) => t === "response") && own.some(({ how }) => how === "failed");
    const isElsewhere = (other: number): boolean => other !== n && !lost.has(other);
    const others = [...bodiesByNumber(lines)].filter(([other, text]) => isElsewhere(other) && text === body).length;
    if (isUnanswered && others >= bodies.filter((text) => text === body).length) lost.add(n);
  }
  return lost;
}

/**
 * Holds a recording to what the provider itself knows: each request once, in order, with its body to the byte, its
 * session and its status.
 */
export function expectRecorded(wire: string, { requests, bodies }: Pick<Provider, "requests" | "bodies">): void {
  const all = linesIn(wire);
  const lost = neverArrived(all, bodies);
  const lines = all.filter(({ n }) => n === undefined || !lost.has(n));
  const recorded = lines.filter(({ t }) => t === "request");
  // Two that are sent at once may arrive in another order.
  const whole = bodiesByNumber(all);
  const sent = recorded.map(({ n = -1 }) => whole.get(n) ?? "");
  expect([...sent].sort()).toEqual([...bodies].sort());
  expect(recorded.map(({ hash }) => hash)).toEqual(sent.map((body) => createHash("sha256").update(body).digest("hex")));
  expect(recorded.map(({ bytes }) => bytes)).toEqual(sent.map((body) => Buffer.byteLength(body)));
  for (const [index, { n, session, parent }] of recorded.entries()) {
    const request = requests[bodies.indexOf(sent[index] ?? "")];
    expect(session ?? undefined).toBe(request?.sessionId);
    expect(parent ?? undefined).toBe(request?.parentSessionId);
    if (bodies.filter((body) => body === sent[index]).length > 1) continue;
    expect(lines.find((one) => one.t === "response" && one.n === n)?.status).toBe(request?.status);
  }
  const main = (index: number): boolean => requests[index]?.title === false;
  const order = sent.map((body) => bodies.indexOf(body)).filter(main);
  expect(order).toEqual(bodies.map((body) => bodies.indexOf(body)).filter(main));
}
