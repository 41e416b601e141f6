import type { Reply } from "./scenario.js";
import {
  argumentsText,
  callId,
  type Frame,
  fieldOf,
  finishOf,
  namedEvent,
  pieces,
  textsWithRole,
  type WireProtocol,
} from "./wire-protocol.js";

/** OpenAI's Responses. */
export const responses: WireProtocol = {
  path: "/v1/responses",

  frames(reply, request) {
    const frames: Frame[] = [];
    const output: object[] = [];
    const add = (kind: Frame["kind"], payload: { type: string; [key: string]: unknown }) =>
      frames.push({ kind, data: namedEvent({ ...payload, sequence_number: frames.length }) });
    const item = (begun: object, done: object, inside: (place: object) => void, id: string) => {
      const outputIndex = output.length;
      add("open", { type: "response.output_item.added", output_index: outputIndex, item: begun });
      inside({ item_id: id, output_index: outputIndex });
      add("open", { type: "response.output_item.done", output_index: outputIndex, item: done });
      output.push(done);
    };
    const head = {
      id: `resp_${request.number}`,
      object: "response",
      created_at: 1_700_000_000,
      model: request.model,
    };

    add("open", {
      type: "response.created",
      response: { ...head, status: "in_progress", output: [], usage: null },
    });
    const { reasoning, text } = reply;
    if (reasoning !== undefined) {
      const id = `rs_${request.number}`;
      const base = { type: "reasoning", id, encrypted_content: `encrypted-${request.number}` };
      const summary = [{ type: "summary_text", text: reasoning }];
      item(
        { ...base, summary: [] },
        { ...base, summary },
        (place) => {
          const at = { ...place, summary_index: 0 };
          add("open", {
            type: "response.reasoning_summary_part.added",
            ...at,
            part: { type: "summary_text", text: "" },
          });
          for (const delta of pieces(reasoning, reply.chunks)) {
            add("content", { type: "response.reasoning_summary_text.delta", ...at, delta });
          }
          add("open", { type: "response.reasoning_summary_part.done", ...at, part: summary[0] });
        },
        id,
      );
    }
    if (text !== undefined) {
      const id = `msg_${request.number}`;
      const base = { type: "message", id, role: "assistant" };
      const content = [{ type: "output_text", text, annotations: [] }];
      item(
        { ...base, status: "in_progress", content: [] },
        { ...base, status: "completed", content },
        (place) => {
          for (const delta of pieces(text, reply.chunks)) {
            add("content", { type: "response.output_text.delta", ...place, content_index: 0, delta });
          }
        },
        id,
      );
    }
    reply.toolCalls.forEach((call, position) => {
      const id = `fc_${request.number}_${position}`;
      const whole = argumentsText(call);
      const base = {
        type: "function_call",
        id,
        call_id: callId(call, request.number, position),
        name: call.name,
      };
      item(
        { ...base, status: "in_progress", arguments: "" },
        { ...base, status: "completed", arguments: whole },
        (place) => {
          for (const delta of pieces(whole, call.chunks)) {
            add("arguments", { type: "response.function_call_arguments.delta", ...place, delta });
          }
          add("open", { type: "response.function_call_arguments.done", ...place, arguments: whole });
        },
        id,
      );
    });
    const incomplete = incompleteReason(reply);
    add("close", {
      type: incomplete ? "response.incomplete" : "response.completed",
      response: {
        ...head,
        status: incomplete ? "incomplete" : "completed",
        incomplete_details: incomplete ? { reason: incomplete } : null,
        output,
        usage: usageOf(reply.usage),
      },
    });
    return frames;
  },

  userTexts: (body) => textsWithRole(fieldOf(body, "input"), "user"),
  systemText: (body) => {
    const input = fieldOf(body, "input");
    return [...textsWithRole(input, "system"), ...textsWithRole(input, "developer")].join("\n");
  },
};

function incompleteReason(reply: Reply): string | undefined {
  const finish = finishOf(reply);
  if (finish === "length") return "max_output_tokens";
  return finish === "content-filter" ? "content_filter" : undefined;
}

/** The client insists on the two totals, so a reply without usage reports zeros. */
function usageOf(usage: Reply["usage"]) {
  return {
    input_tokens: usage?.input ?? 0,
    input_tokens_details: { cached_tokens: usage?.cached ?? 0 },
    output_tokens: usage?.output ?? 0,
    output_tokens_details: { reasoning_tokens: usage?.reasoning ?? 0 },
    total_tokens: (usage?.input ?? 0) + (usage?.output ?? 0),
  };
}
