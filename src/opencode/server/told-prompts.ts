import type { ServerEvent } from "../schema/server-event.js";
import type { ToldMessages } from "./read-messages.js";
import { applyEvent, emptyMirror, withSession } from "./session-mirror.js";

/** A session's prompts that asked for a structured answer, kept because the server may not give them out again. */
export interface ToldPrompts {
  readonly take: (event: ServerEvent) => void;
  /** Events may have been missed: what was told before them is not known to be true any more. */
  readonly forget: () => void;
  readonly messages: ToldMessages;
}

export function toldPrompts(sessionId: string): ToldPrompts {
  const none = withSession(emptyMirror, { info: { id: sessionId }, messages: [] });
  let mirror = none;
  return {
    take: (event) => {
      switch (event.type) {
        case "message.updated":
          if (event.properties.info.format === undefined) return;
          break;
        case "message.removed":
        case "message.part.updated":
        case "message.part.removed":
        case "message.part.delta":
          break;
        default:
          return;
      }
      mirror = applyEvent(mirror, event);
    },
    forget: () => {
      mirror = none;
    },
    messages: (id) => mirror.get(id)?.messages ?? [],
  };
}
