import { createHash } from "node:crypto";
import { z } from "zod";
import type { Provider } from "../provider/start-provider.js";

const line = z.looseObject({
  t: z.string(),
  n: z.number().optional(),
  at: z.number().optional(),
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

/**
 * The lines of a recording, or of several whose requests get numbers of their own; a last line that a kill has cut short
 * is none.
 */
export function linesIn(wire: string): readonly WireLine[] {
  const recordings = new Map<unknown, number>();
  let first = 0;
  return wire
    .slice(0, wire.lastIndexOf("\n") + 1)
    .split("\n")
    .filter(Boolean)
    .map((text) => {
      const { n, base, ...rest } = line.parse(JSON.parse(text));
      if (rest.t === "tap") {
        first = recordings.get(rest.id) ?? recordings.size * MOST_REQUESTS;
        recordings.set(rest.id, first);
      }
      return {
        ...rest,
        ...(n === undefined ? {} : { n: n + first }),
        ...(base === undefined ? {} : { base: base === null ? null : base + first }),
      };
    });
}

/** More than any recording of a test has. */
const MOST_REQUESTS = 1_000_000;

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

/** How a recording stands to what the provider knows. */
export interface Comparison {
  /** That the provider got, and of these those whose body is recorded to the byte, and whose answer is. */
  readonly requests: number;
  readonly bodies: number;
  readonly answers: number;
  /** Whether they stand in the provider's order; titles are asked for beside the rest. */
  readonly isInOrder: boolean;
  /** What is wrong, a sentence each. */
  readonly problems: readonly string[];
}

/**
 * Holds a recording to what the provider itself knows: each request once, in order, with its body to the byte, its
 * session and its status, and what came of its answer.
 */
export function compareRecording(
  wire: string,
  provider: Pick<Provider, "requests" | "bodies" | "answers">,
): Comparison {
  const { requests, bodies, answers } = provider;
  const all = linesIn(wire);
  const lost = neverArrived(all, bodies);
  const lines = all.filter(({ n }) => n === undefined || !lost.has(n));
  const whole = bodiesByNumber(all);
  // What belongs to several runs may stand one after the other.
  const recorded = lines.filter(({ t }) => t === "request").toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0));
  const problems: string[] = [];
  const isWrong = (holds: boolean, what: string): boolean => {
    if (!holds) problems.push(what);
    return !holds;
  };
  const taken = new Set<number>();
  const places: number[] = [];
  let [bodiesEqual, answersEqual] = [0, 0];
  for (const { n = -1, hash, bytes, session, parent } of recorded) {
    const body = whole.get(n) ?? "";
    // The same body may be sent again; two that are sent at once may arrive in another order.
    const at = bodies.findIndex((text, index) => text === body && !taken.has(index));
    if (isWrong(at >= 0, `request ${n} is none that the provider got`)) continue;
    taken.add(at);
    places.push(at);
    const isWhole = hash === createHash("sha256").update(body).digest("hex") && bytes === Buffer.byteLength(body);
    if (!isWrong(isWhole, `request ${n} has another hash or size than its body`)) bodiesEqual += 1;
    const request = requests[at];
    isWrong((session ?? undefined) === request?.sessionId, `request ${n} is of session ${session}`);
    isWrong((parent ?? undefined) === request?.parentSessionId, `request ${n} is below ${parent}`);
    const own = lines.filter((one) => one.n === n);
    const answer = own.find(({ t }) => t === "response");
    // One of several alike that were sent at once may be another's.
    const isAlone = bodies.filter((text) => text === body).length === 1;
    if (isAlone && answer)
      isWrong(answer.status === request?.status, `request ${n} has status ${answer.status}, not ${request?.status}`);
    const said = answers[at] ?? "";
    const heard = own.flatMap(({ t, text }) => (t === "part" ? [text ?? ""] : [])).join("");
    const isComplete = own.some(({ how }) => how === "complete");
    const isSame = isComplete ? heard === said : said.startsWith(heard);
    if (!isAlone || !isWrong(isSame, `request ${n} has another answer than it got: ${heard.length} of ${said.length}`))
      answersEqual += 1;
  }
  for (const index of bodies.keys()) isWrong(taken.has(index), `the provider's request ${index} is not recorded`);
  const main = places.filter((at) => requests[at]?.title === false);
  const isInOrder = main.every(
    (at, index) => index === 0 || bodies[at] === bodies[main[index - 1] ?? -1] || at > (main[index - 1] ?? -1),
  );
  isWrong(isInOrder, `the order is ${main.join(" ")}`);
  return { requests: bodies.length, bodies: bodiesEqual, answers: answersEqual, isInOrder, problems };
}
