import { type Fields, fieldsOf, isFields } from "../../text/json-fields.js";
/**
 * Rows of opencode's database that are older than the program, or that it did not come to complete, as rows of today:
 * what follows from something else in the row is filled in, what does not stays unknown.
 */
import { idTime } from "../schema/ids.js";

export type Row = Fields;

/** When the message was made and completed, ms since the epoch; undefined where that is not known. */
export interface MessageTimes {
  readonly created: number | undefined;
  readonly completed: number | undefined;
}

/** How far an id's time may lie from the message's own. */
const SLACK_MS = 2_000;

/**
 * A message's or a session's row with the time of its id, where it has none itself.
 *
 * @param near a time of the same session, ms since the epoch; an id alone tells its time only within some years
 */
export function timedRow(row: Row, near: number | undefined): Row {
  const time = fieldsOf(row.time);
  if (typeof time.created === "number" || typeof row.id !== "string" || near === undefined) return row;
  const created = idTime(row.id, near);
  return created === undefined ? row : { ...row, time: { ...time, created } };
}

/**
 * A part's row with an id: one of its own is only needed where a span gets its id from it, and no two may be the same.
 *
 * @param fallback what the id is where there is none
 */
export function identifiedRow(row: Row, fallback: string): Row {
  return typeof row.id === "string" ? row : { ...row, id: fallback };
}

/**
 * A tool part's row. The status follows from what the tool left: an error, an output, a start. Times that are missing
 * are bounds, from the part's id to the message's end, and marked so (`timesUnknown`). Arguments that are JSON in a
 * text are read; an output or an error that is no text becomes one.
 */
export function toolRow(row: Row, message: MessageTimes): Row {
  const state = fieldsOf(row.state);
  const status = statusOf(state);
  const [output, error] = [textOf(state.output), textOf(state.error)];
  return {
    ...row,
    tool: typeof row.tool === "string" ? row.tool : "unknown",
    callID: typeof row.callID === "string" ? row.callID : row.id,
    state: {
      ...state,
      status,
      input: argumentsOf(state.input),
      ...(output === undefined ? {} : { output }),
      ...(error === undefined ? {} : { error }),
      ...(status === "pending" ? {} : timesOf(row.id, state.time, status, message)),
    },
  };
}

/** Whether a tool part's row has all that `toolRow` could give it: nearly all have. */
export function isWholeToolRow({ tool, callID, state }: Row): boolean {
  if (typeof tool !== "string" || typeof callID !== "string" || !isFields(state)) return false;
  const { status, input, output, error, time } = state;
  if (!isStatus(status) || typeof input === "string") return false;
  if (output !== undefined && typeof output !== "string") return false;
  if (error !== undefined && typeof error !== "string") return false;
  if (status === "pending") return true;
  const { start, end } = fieldsOf(time);
  return typeof start === "number" && (status === "running" || typeof end === "number");
}

type Status = "pending" | "running" | "completed" | "error";

function isStatus(value: unknown): value is Status {
  return value === "pending" || value === "running" || value === "completed" || value === "error";
}

function statusOf({ status, error, output, time }: Row): Status {
  if (isStatus(status)) return status;
  if (error !== undefined && error !== null) return "error";
  if (output !== undefined && output !== null) return "completed";
  return typeof fieldsOf(time).start === "number" ? "running" : "pending";
}

function timesOf(partId: unknown, raw: unknown, status: Status, message: MessageTimes): Row {
  const { start: known, end: knownEnd, ...more } = fieldsOf(raw);
  const minted =
    typeof partId === "string" && message.created !== undefined ? idTime(partId, message.created) : undefined;
  const isOwn =
    minted !== undefined &&
    message.created !== undefined &&
    minted >= message.created - SLACK_MS &&
    minted <= (message.completed ?? Number.POSITIVE_INFINITY) + SLACK_MS;
  const start = typeof known === "number" ? known : isOwn ? minted : message.created;
  const end =
    typeof knownEnd === "number"
      ? knownEnd
      : status === "running"
        ? undefined
        : Math.max(start ?? 0, message.completed ?? start ?? 0);
  const isUnknown = typeof known !== "number" || (status !== "running" && typeof knownEnd !== "number");
  return {
    time: { ...more, ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) },
    ...(isUnknown ? { timesUnknown: true } : {}),
  };
}

/** opencode's arguments are objects; a text that holds one is read, any other stays what it is. */
function argumentsOf(input: unknown): unknown {
  if (typeof input !== "string" || !/^\s*[{[]/.test(input)) return input;
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  const { message } = fieldsOf(value);
  return typeof message === "string" ? message : JSON.stringify(value);
}
