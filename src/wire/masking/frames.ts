import { namedValue } from "../../masking/texts.js";
import { containerEnd } from "./json-end.js";
import type { NamedText, SecretSources } from "./secret-sources.js";

/** An object of JSON in an answer: a frame of a stream, or all that the answer is. */
export interface Frame {
  readonly from: number;
  readonly to: number;
  readonly value: object;
  /** What the text lacks at its end, where the stream broke off in it. */
  readonly closers: string;
  /** Whether `JSON.stringify` writes it as it stands there: then nothing stands in it that was not read. */
  readonly isPlain: boolean;
}

/** What is nested deeper is a text: frames are walked by recursion. */
const DEEPEST = 200;

/** How often a text may be read for brackets that match others: what is behind that is a text. */
const MOST_READ = 4;

/** The objects of JSON that stand in an answer, whatever stands between them, in time linear to it. */
export function framesIn(text: string): readonly Frame[] {
  const frames: Frame[] = [];
  let left = MOST_READ * text.length;
  for (let from = text.indexOf("{"); from >= 0 && left > 0; ) {
    const end = containerEnd(text, from);
    const to = end.closers === undefined ? from + 1 : end.to;
    left -= end.to - from;
    const frame = end.closers !== undefined && end.depth <= DEEPEST ? frameOf(text, from, to, end.closers) : undefined;
    if (frame) frames.push(frame);
    from = text.indexOf("{", to);
  }
  return frames;
}

function frameOf(text: string, from: number, to: number, closers: string): Frame | undefined {
  const written = text.slice(from, to) + closers;
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  return { from, to, value, closers, isPlain: JSON.stringify(value) === written };
}

/** A text in a frame. */
export interface FrameText {
  readonly field: NamedText;
  /** What has the same channel says one text, bit by bit; null for what is whole in each frame. */
  readonly channel: string | null;
  /** Where it stands. */
  readonly holder: object;
  readonly key: string;
}

/** The texts of a frame; where one object names the value of another, null: it is to be looked at as a whole. */
export interface FrameTexts {
  readonly texts: readonly FrameText[];
  readonly isSpecial: boolean;
}

/** What says which of several things a frame goes on with. */
const TELLING = ["index", "output_index", "content_index", "summary_index", "item_id"];
/** What is whole in each frame. */
const WHOLE: ReadonlySet<string> = new Set(
  `id object model created type role item_id system_fingerprint service_tier obfuscation finish_reason stop_reason
   native_finish_reason status provider event`.split(/\s+/),
);

/** The texts of a frame, which later frames may go on with. @param sources are told of all */
export function frameTexts(frame: object, sources: SecretSources): FrameTexts {
  const texts: FrameText[] = [];
  let isSpecial = false;
  const visit = (value: object, channel: string): void => {
    const isList = Array.isArray(value);
    if (!isList && namedValue(value)) isSpecial = true;
    for (const key of Object.keys(value)) {
      const item: unknown = Reflect.get(value, key);
      if (typeof item === "string") {
        const isWhole = !isList && WHOLE.has(key);
        const field = sources.field(isList ? "" : key, item);
        texts.push({ field, channel: isWhole ? null : `${channel}/${key}`, holder: value, key });
      } else {
        if (!isList) sources.text(key);
        if (typeof item !== "object" || item === null) continue;
        // Lists of what has come anew: not their places count, but what their items say of themselves.
        const place = isList && Object.hasOwn(item, "index") ? "" : key;
        visit(item, `${channel}/${place}${tellingOf(item)}`);
      }
    }
  };
  // What is of one type in its first frame often has none in later ones; frames themselves have theirs always.
  const type: unknown = Object.hasOwn(frame, "type") ? Reflect.get(frame, "type") : undefined;
  visit(frame, `${typeof type === "string" ? type : ""}${tellingOf(frame)}`);
  if (isSpecial) sources.data(frame);
  return { texts, isSpecial };
}

function tellingOf(value: object): string {
  let telling = "";
  for (const name of TELLING) {
    const told: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
    if (typeof told === "string" || typeof told === "number") telling += `,${name}=${told}`;
  }
  return telling;
}
