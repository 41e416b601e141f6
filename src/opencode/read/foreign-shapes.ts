import { type Fields, fieldsOf, isFields } from "../../text/json-fields.js";

/** What else people have that looks like a session, so that the refusal says what it is and what to do instead. */

const EXPORT = "`opencode export <session> > file.json`";

/** So many lines of a text tell what kind of lines they are; the first ones may be of any kind. */
const LINES = 20;

/**
 * @param text what is no JSON, or not only JSON
 * @returns what it is, and what to do; undefined where it is of no known kind
 */
export function foreignText(text: string): string | undefined {
  const begin = text.slice(0, 64 * 1024).trimStart();
  if (begin.startsWith("SQLite format 3"))
    return `this is a database, opencode's own store perhaps. Name a session by its id (ses_…), or make an export with ${EXPORT}.`;
  if (begin.startsWith("\u001f\ufffd") || begin.startsWith("PK\u0003\u0004"))
    return "this is a compressed file. Unpack it first.";
  if (/^<(?:!doctype|html|\?xml|head|body)\b/i.test(begin))
    return `this is a web page, not an opencode export. A page that a share link shows cannot be read; make an export with ${EXPORT}.`;
  const session = /^\*\*Session ID:\*\*\s*(ses_[0-9A-Za-z]+)/m.exec(begin)?.[1];
  if (session !== undefined && begin.startsWith("#"))
    return `this is a transcript in Markdown, as opencode's /export writes it; it lacks times, tokens and tools. Make an export with \`opencode export ${session} > file.json\`.`;
  return foreignLines(begin);
}

/** Lines of JSON, each by itself. */
function foreignLines(text: string): string | undefined {
  for (const line of text.split("\n", LINES)) {
    const kind = foreignLine(fieldsOf(parsed(line)));
    if (kind !== undefined) return kind;
  }
  return undefined;
}

function foreignLine(line: Fields): string | undefined {
  return runStream(line) ?? claudeCode(line) ?? codex(line) ?? langfuse(line) ?? taskResult(line);
}

/**
 * @param json a text's whole JSON, which is no export
 * @returns what it is, and what to do; undefined where it is of no known kind
 */
export function foreignJson(json: unknown): string | undefined {
  if (Array.isArray(json)) return foreignList(json);
  const fields = fieldsOf(json);
  return (
    messagesOf2(fields.data) ??
    sharedData(fields) ??
    storageFile(fields) ??
    foreignLine(fields) ??
    (Array.isArray(fields.resourceSpans)
      ? "these are spans in OTLP's form, as looptrace sends them; a trace cannot be made of them again. Name the session's export."
      : undefined)
  );
}

function foreignList(list: readonly unknown[]): string | undefined {
  const [first] = list;
  const fields = fieldsOf(first);
  if (isFields(fields.info) && Array.isArray(fields.messages))
    return "this is a list of exports. Name each in a file of its own.";
  if (isFields(fields.info) && Array.isArray(fields.parts))
    return `these are a session's messages without the session, as opencode's server gives them. Make an export with ${EXPORT}.`;
  if ("traceId" in fields && "loop" in fields)
    return "these are traces, as looptrace prints them with --json. Name the session's id or its export instead.";
  const messages = messagesOf2(list);
  if (messages !== undefined) return messages;
  const isShare = ["session", "message", "part", "session_diff", "model"].includes(String(fields.type));
  if (isShare && "data" in fields) return shared();
  return (
    foreignLine(fields) ??
    (storageFile(fields) && `this is a list of parts of opencode's store. Make an export with ${EXPORT}.`)
  );
}

/** What `GET /api/session/:id/message` of opencode 2 gives: a page of messages. */
function messagesOf2(list: unknown): string | undefined {
  if (!Array.isArray(list)) return undefined;
  const isOfIt = list.some((message) => {
    const { id, type, time } = fieldsOf(message);
    return typeof id === "string" && id.startsWith("msg_") && typeof type === "string" && isFields(time);
  });
  return isOfIt
    ? "these are a session's messages without the session, as opencode 2's server gives them. Make an export with `opencode session export <session> > file.json`."
    : undefined;
}

/** `opencode run --format json` writes events; opencode 2's look the same from here. */
function runStream({ type, sessionID, part }: Fields): string | undefined {
  const kinds = ["step_start", "step_finish", "tool_use", "text", "reasoning", "error"];
  if (!kinds.includes(String(type)) || typeof sessionID !== "string") return undefined;
  if (type !== "error" && !isFields(part)) return undefined;
  const session = /^ses_[0-9A-Za-z]+$/.test(sessionID) ? sessionID : "<session>";
  return `this is the event stream of \`opencode run --format json\`, which lacks prompts, times and subagents. Name the session, ${session}, or make an export with \`opencode export ${session} > file.json\`.`;
}

function claudeCode(line: Fields): string | undefined {
  const { type } = line;
  const kinds = ["user", "assistant", "system", "summary", "progress", "file-history-snapshot", "queue-operation"];
  const isOwn =
    kinds.includes(String(type)) &&
    ("sessionId" in line || "session_id" in line || "leafUuid" in line || ("messageId" in line && "snapshot" in line));
  return isOwn ? "this is a transcript of Claude Code; looptrace reads sessions of opencode." : undefined;
}

function codex({ type, payload }: Fields): string | undefined {
  const kinds = ["session_meta", "response_item", "event_msg", "turn_context"];
  return kinds.includes(String(type)) && isFields(payload)
    ? "this is a transcript of Codex; looptrace reads sessions of opencode."
    : undefined;
}

function langfuse(fields: Fields): string | undefined {
  const trace = fieldsOf(fields.trace);
  const isObservation =
    typeof fields.traceId === "string" &&
    ["GENERATION", "SPAN", "EVENT", "AGENT", "TOOL"].includes(String(fields.type));
  const isTrace =
    Array.isArray(fields.observations) && ("projectId" in fields || "id" in trace || "timestamp" in fields);
  const isPage =
    Array.isArray(fields.data) && isFields(fields.meta) && langfuse(fieldsOf(fields.data[0])) !== undefined;
  const isRow = "htmlPath" in fields || ("projectId" in fields && "sessionId" in fields && "timestamp" in fields);
  return isObservation || isTrace || isPage || isRow
    ? `this is an export of Langfuse, which lacks what a trace is made from. Name the opencode session (the trace's session id, ses_…) or make an export of it with ${EXPORT}.`
    : undefined;
}

function taskResult(fields: Fields): string | undefined {
  return "digest" in fields && "traceIds" in fields && "sessionId" in fields
    ? "these are results of looptrace batch. Name a session by its id (sessionId)."
    : undefined;
}

/** An early share's page loads `{ info, messages: { msg_…: … } }`, later ones a list. */
function sharedData(fields: Fields): string | undefined {
  const { info, messages } = fields;
  const isById = isFields(messages) && Object.keys(messages).every((id) => id.startsWith("msg_"));
  return isFields(info) && isById ? shared() : undefined;
}

function shared(): string {
  return `this is what a share link's page loads. Make an export on the machine where the session is, with ${EXPORT}.`;
}

/** opencode kept sessions, messages and parts in a file each before it had a database. */
function storageFile(fields: Fields): string | undefined {
  const { id, sessionID } = fields;
  if (typeof id !== "string" || "messages" in fields) return undefined;
  const one = /^(ses|msg|prt)_/.exec(id)?.[1];
  if (one === undefined) return undefined;
  const what =
    one === "ses" ? "a session without its messages" : one === "msg" ? "one message" : "one part of a message";
  const session = one === "ses" ? id : typeof sessionID === "string" ? sessionID : "<session>";
  const name = /^ses_[0-9A-Za-z]+$/.test(session) ? session : "<session>";
  return `this is ${what}, as opencode's storage folder holds it. Make an export with \`opencode export ${name} > file.json\`.`;
}

function parsed(line: string): unknown {
  if (!line.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
