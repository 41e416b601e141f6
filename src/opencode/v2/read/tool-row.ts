import { type Fields, fieldsOf, isFields } from "../../../text/json-fields.js";

/**
 * A tool's content as opencode 2.0.26 writes it: what earlier builds called otherwise has its later name, what is
 * missing follows from something else in it where it can, and else stays unknown.
 *
 * @param fallback the call's id where it has none
 */
export function toolRow(row: Fields, fallback: string): Fields {
  const state = fieldsOf(row.state);
  const status = statusOf(state);
  const metadata = isFields(state.metadata) ? state.metadata : state.structured;
  return {
    ...row,
    id: typeof row.id === "string" ? row.id : fallback,
    name: typeof row.name === "string" && row.name !== "" ? row.name : "unknown",
    time: fieldsOf(row.time),
    state: { ...state, status, metadata, content: contentOf(state) },
  };
}

type Status = "streaming" | "running" | "completed" | "error";

/** `pending` is what a call was before 2.0 whose arguments were being written. */
function statusOf({ status, error, content }: Fields): Status {
  if (status === "streaming" || status === "running" || status === "completed" || status === "error") return status;
  if (error !== undefined && error !== null) return "error";
  if (Array.isArray(content) && content.length > 0) return "completed";
  return status === "pending" ? "streaming" : "running";
}

/** Builds before 2.0 kept a file's text in `structured` alone. */
function contentOf({ content, structured }: Fields): unknown {
  if (Array.isArray(content) && content.length > 0) return content;
  const text = fieldsOf(structured).content;
  return typeof text === "string" ? [{ type: "text", text }] : content;
}
