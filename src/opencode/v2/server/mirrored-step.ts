import { type Fields, fieldsOf, isFields } from "../../../text/json-fields.js";
import type { ServerEvent2 } from "./server-event.js";

/** A message as a server of opencode 2 gives it, not yet read. */
export type RawMessage2 = Fields & { readonly id: string; readonly type: string };

/** An event of one step of the loop. */
export type StepEvent = Extract<ServerEvent2, { readonly data: { readonly assistantMessageID: string } }>;

/** An assistant's message after an event of its step. */
export function messageAfterStep(message: RawMessage2, event: StepEvent): RawMessage2 {
  const time = fieldsOf(message.time);
  switch (event.type) {
    case "session.step.streamed":
      return { ...message, time: { ...time, streamed: event.at } };
    case "session.step.ended":
    case "session.step.failed": {
      const { sessionID: _session, assistantMessageID: _message, snapshot: end, files, ...told } = event.data;
      const isFailed = event.type === "session.step.failed";
      const isSnapped = end !== undefined || files !== undefined;
      return {
        ...withoutField(message, "retry"),
        ...(isFailed ? { finish: "error" } : {}),
        ...told,
        ...(isSnapped ? { snapshot: { ...fieldsOf(message.snapshot), ...only({ end, files }) } } : {}),
        time: { ...time, completed: event.at },
      };
    }
    case "session.retry.scheduled": {
      const { attempt, at, error } = event.data;
      return { ...message, retry: { attempt, at, error } };
    }
    case "session.text.started":
      if (isThere(message, isText, event.data.ordinal)) return message;
      return withContent(message, { type: "text", text: "" });
    case "session.text.delta":
      return changedContent(message, isText, (item) => ({ ...item, text: `${item.text}${event.data.delta}` }));
    case "session.text.ended":
      return changedContent(message, isText, (item) => ({
        ...item,
        text: event.data.text,
        ...only({ state: event.data.state }),
      }));
    case "session.reasoning.started":
      if (isThere(message, isReasoning, event.data.ordinal)) return message;
      return withContent(message, {
        type: "reasoning",
        text: "",
        ...only({ state: event.data.state }),
        time: { created: event.at },
      });
    case "session.reasoning.delta":
      return changedContent(message, isReasoning, (item) => ({ ...item, text: `${item.text}${event.data.delta}` }));
    case "session.reasoning.ended":
      return changedContent(message, isReasoning, (item) => ({
        ...item,
        text: event.data.text,
        ...only({ state: event.data.state }),
        time: { ...fieldsOf(item.time), completed: event.at },
      }));
    default:
      return ofTool(message, event);
  }
}

type ToolEvent = Extract<StepEvent, { type: `session.tool.${string}` }>;

function ofTool(
  message: RawMessage2,
  event: ToolEvent | Extract<StepEvent, { type: "session.step.started" }>,
): RawMessage2 {
  if (event.type === "session.step.started") return message;
  const { id } = event.data;
  const isMine = (item: Fields): boolean => item.type === "tool" && item.id === id;
  switch (event.type) {
    case "session.tool.input.started": {
      if (contentOf(message).some(isMine)) return message;
      const state = { status: "streaming", input: "" };
      return withContent(message, { type: "tool", id, name: event.data.name, state, time: { created: event.at } });
    }
    case "session.tool.input.delta":
      // The arguments are stored when they are complete.
      return message;
    case "session.tool.input.ended":
      return changedContent(message, isMine, (item) => ({
        ...item,
        state: { ...fieldsOf(item.state), input: event.data.text },
      }));
    case "session.tool.called":
      return changedContent(message, isMine, (item) => ({
        ...item,
        executed: event.data.executed,
        ...only({ providerState: event.data.state }),
        state: { status: "running", input: event.data.input, metadata: {} },
        time: { ...fieldsOf(item.time), ran: event.at },
      }));
    case "session.tool.progress":
      return changedContent(message, isMine, (item) => ({
        ...item,
        state: { ...fieldsOf(item.state), ...only({ metadata: event.data.metadata }) },
      }));
    case "session.tool.success":
    case "session.tool.failed": {
      const { content, metadata, executed, resultState } = event.data;
      return changedContent(message, isMine, (item) => {
        const { input, metadata: before } = fieldsOf(item.state);
        const isDone = event.type === "session.tool.success";
        return {
          ...item,
          executed: executed || item.executed === true,
          ...only({ providerResultState: resultState }),
          state: {
            status: isDone ? "completed" : "error",
            input: isFields(input) ? input : {},
            ...(isDone ? {} : { error: event.data.error }),
            ...only({ content, metadata: metadata ?? before }),
          },
          time: { ...fieldsOf(item.time), completed: event.at },
        };
      });
    }
    default:
      return event satisfies never;
  }
}

/** Whether the item has been read from the server before its event came: of each kind they are counted from 0. */
function isThere(message: RawMessage2, isOfKind: (item: Fields) => boolean, ordinal: unknown): boolean {
  return typeof ordinal === "number" && contentOf(message).filter(isOfKind).length > ordinal;
}

const isText = ({ type }: Fields): boolean => type === "text";
const isReasoning = ({ type }: Fields): boolean => type === "reasoning";

function withContent(message: RawMessage2, item: Fields): RawMessage2 {
  return { ...message, content: [...contentOf(message), item] };
}

function changedContent(
  message: RawMessage2,
  isIt: (item: Fields) => boolean,
  change: (item: Fields) => Fields,
): RawMessage2 {
  const content = contentOf(message);
  const at = content.findLastIndex(isIt);
  const item = content[at];
  return item ? { ...message, content: content.with(at, change(item)) } : message;
}

function contentOf({ content }: RawMessage2): readonly Fields[] {
  return Array.isArray(content) ? content.filter(isFields) : [];
}

/** A message without some of its fields. */
export function withoutField(message: RawMessage2, ...names: readonly string[]): RawMessage2 {
  const { id, type } = message;
  return { ...Object.fromEntries(Object.entries(message).filter(([name]) => !names.includes(name))), id, type };
}

/** The fields that are there. */
export function only(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
