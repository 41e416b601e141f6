/** What an event begins with until its id, as opencode writes it; only texts stand there. */
const HEAD =
  /^\{(?:"(?:directory|project|workspace)":"(?:[^"\\]|\\.){0,4096}",){0,3}(?:"payload":\{)?"id":"(?=evt_[0-9a-zA-Z]{1,100}")/;
const WRAPPED = '"payload":{"id":"';
const TYPE = '","type":"message.part.delta","properties":{';
const PIECE = ',"delta":"';

/** The inside of a JSON text, to its end. */
const INSIDE = /^(?:[^"\\]|\\.)*$/;
/** What is longer is no small piece, and goes on as it is. */
const MOST_CHECKED = 4_096;
/** A text that is joined does not grow without end. */
const MOST_JOINED = 64 * 1024;

interface Piece {
  /** All before the id. */
  readonly head: string;
  readonly id: string;
  /** What the piece is a piece of: session, message, part and field. */
  readonly of: string;
  /** As JSON has it, between its quotes. */
  readonly text: string;
  /** All behind the piece. */
  readonly tail: string;
}

/**
 * Events that came together, with the pieces of one text as one event: its id is the last one's. A server that works
 * sends hundreds of such pieces a second; joined before they are parsed, they are parsed once. Pieces of different texts
 * may change places, nothing passes any other event.
 *
 * @param texts JSON of events, as they came; what is not just as opencode writes it stays as it is
 */
export function joinDeltas(texts: readonly string[]): readonly string[] {
  const all: string[] = [];
  /** What is put together at the moment, by the text that it is a piece of. */
  const open = new Map<string, { last: Piece; readonly parts: string[]; length: number }>();
  const close = (): void => {
    for (const { last, parts } of open.values())
      all.push(`${last.head}${last.id}${TYPE}${last.of}${PIECE}${parts.join("")}${last.tail}`);
    open.clear();
  };
  let head = "";
  for (const text of texts) {
    // Those of one directory begin alike.
    if (head === "" || !text.startsWith(head)) head = HEAD.exec(text)?.[0] ?? "";
    const piece = head === "" ? undefined : pieceIn(text, head);
    if (!piece) {
      close();
      all.push(text);
      continue;
    }
    const key = `${head} ${piece.of}`;
    const known = open.get(key);
    if (known && known.length <= MOST_JOINED) {
      known.last = piece;
      known.parts.push(piece.text);
      known.length += piece.text.length;
    } else {
      if (known) close();
      open.set(key, { last: piece, parts: [piece.text], length: piece.text.length });
    }
  }
  close();
  return all;
}

/** @returns undefined for any other event, and where it is not just as opencode writes it */
function pieceIn(text: string, head: string): Piece | undefined {
  const idEnd = text.indexOf('"', head.length);
  if (!text.startsWith(TYPE, idEnd)) return undefined;
  const from = idEnd + TYPE.length;
  const at = text.indexOf(PIECE, from);
  const tail = head.endsWith(WRAPPED) ? '"}}}' : '"}}';
  if (at === -1 || !text.endsWith(tail)) return undefined;
  const piece = text.slice(at + PIECE.length, text.length - tail.length);
  if ((piece.includes('"') || piece.includes("\\")) && (piece.length > MOST_CHECKED || !INSIDE.test(piece)))
    return undefined;
  return { head, id: text.slice(head.length, idEnd), of: text.slice(from, at), text: piece, tail };
}
