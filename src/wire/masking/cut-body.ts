import { commonStart } from "../../text/in-common.js";
import { ownText } from "../../text/own-text.js";
import { afterSpace, stringEnd, valueEnd } from "./json-end.js";

/**
 * A part of a request's body. `item`: one of a list, such as a message or a tool; `field`: a name with its value;
 * `rest`: what stands between.
 */
export interface BodyPart {
  readonly kind: "item" | "field" | "rest";
  readonly text: string;
}

/** A body that is cut into parts; together they are the body. */
export interface CutBody {
  readonly text: string;
  readonly parts: readonly BodyPart[];
  /** Where each part ends. */
  readonly ends: readonly number[];
}

/**
 * Cuts a body of JSON into the fields of its object, and lists among them into their items. Requests of a session
 * repeat these, so that each has to be looked at once.
 *
 * @param before an earlier body: where both begin alike, this one is cut as that one was
 * @param alike how many units they begin alike with
 * @returns undefined where it is no object of JSON
 */
export function cutBody(
  text: string,
  before?: CutBody,
  alike: number = before ? commonStart(before.text, text) : 0,
): CutBody | undefined {
  const parts: BodyPart[] = [];
  const ends: number[] = [];
  let done = 0;
  const put = (kind: "item" | "field", from: number, to: number): void => {
    if (from > done) {
      parts.push({ kind: "rest", text: ownText(text.slice(done, from)) });
      ends.push(from);
    }
    parts.push({ kind, text: ownText(text.slice(from, to)) });
    ends.push(to);
    done = to;
  };
  let at: number;
  let inList: boolean;
  const same = before ? alikeParts(before, alike, text) : 0;
  if (before && same > 0) {
    parts.push(...before.parts.slice(0, same));
    ends.push(...before.ends.slice(0, same));
    done = ends.at(-1) ?? 0;
    at = afterSpace(text, done);
    inList = parts.at(-1)?.kind === "item";
  } else {
    at = afterSpace(text, 0);
    if (text.charAt(at) !== "{") return undefined;
    at = afterSpace(text, at + 1);
    inList = false;
    if (text.charAt(at) !== "}") {
      const next = takeField(text, at, put);
      if (next === undefined) return undefined;
      ({ at, inList } = next);
    }
  }
  for (;;) {
    const mark = text.charAt(at);
    if (inList && mark === "]") {
      inList = false;
      at = afterSpace(text, at + 1);
      continue;
    }
    if (!inList && mark === "}") break;
    if (mark !== ",") return undefined;
    at = afterSpace(text, at + 1);
    const next: Next | undefined = inList ? takeItem(text, at, put) : takeField(text, at, put);
    if (next === undefined) return undefined;
    ({ at, inList } = next);
  }
  parts.push({ kind: "rest", text: ownText(text.slice(done)) });
  ends.push(text.length);
  return { text, parts, ends };
}

type Put = (kind: "item" | "field", from: number, to: number) => void;

interface Next {
  readonly at: number;
  readonly inList: boolean;
}

function takeItem(text: string, at: number, put: Put): Next | undefined {
  const to = valueEnd(text, at);
  if (to < 0) return undefined;
  put("item", at, to);
  return { at: afterSpace(text, to), inList: true };
}

function takeField(text: string, from: number, put: Put): Next | undefined {
  if (text.charAt(from) !== '"') return undefined;
  const nameEnd = stringEnd(text, from);
  const colon = nameEnd < 0 ? -1 : afterSpace(text, nameEnd);
  if (text.charAt(colon) !== ":") return undefined;
  const at = afterSpace(text, colon + 1);
  if (text.charAt(at) === "[") {
    const first = afterSpace(text, at + 1);
    if (text.charAt(first) !== "]") return takeItem(text, first, put);
  }
  const to = valueEnd(text, at);
  if (to < 0) return undefined;
  put("field", from, to);
  return { at: afterSpace(text, to), inList: false };
}

/** How many parts of the one are also the first ones of the other, the mark behind them included. */
function alikeParts({ text: a, parts, ends }: CutBody, alike: number, b: string): number {
  const most = Math.min(a.length, b.length);
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] ?? most) < alike) low = middle + 1;
    else high = middle;
  }
  while (low > 0 && parts[low - 1]?.kind === "rest") low -= 1;
  return low;
}
