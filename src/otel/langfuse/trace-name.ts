import { tellingArgument } from "../../text/telling-argument.js";
import { oneLine, shortenTo } from "../../text/terminal-text.js";
import type { Loop, LoopTrace } from "../../trace/model.js";

/** As much as a list of traces shows of a name. */
const COLUMNS = 100;

/** What opencode calls a session before its model has found a title for it. */
const UNTITLED = /^(?:New|Child) session - \d{4}-\d\d-\d\dT/;

/** Where nothing else can be said: of a turn without its content, say. */
const NAMELESS = "opencode.loop";

/**
 * What a trace is called in lists: by its session's title, else by its prompt's first line; one line of plain text.
 *
 * @param from `prompt`: the title does not count. It may come while the turn is at work, and all spans of a trace are to
 *   have one name
 */
export function traceName({ session, loop }: LoopTrace, from: "title" | "prompt"): string {
  const title = from === "title" && !UNTITLED.test(session.title) ? shown(session.title) : "";
  return title || firstLine(loop) || NAMELESS;
}

function firstLine({ input, steps }: Loop): string {
  const content = input[0]?.content ?? [];
  const said = typeof content === "string" ? [content] : content.flatMap((part) => wordsOf(part));
  const lines = said.flatMap((text) => text.slice(0, 10_000).split("\n")).map(shown);
  const line = lines.find((one) => one !== "");
  if (line !== undefined) return line;
  const [step] = steps;
  return step?.kind === "command" ? shown(tellingArgument(step.tools[0]?.input) ?? "") : "";
}

/** What the person wrote, before what opencode put beside it. */
function wordsOf(part: Exclude<NonNullable<Loop["input"][number]["content"]>, string>[number]): readonly string[] {
  if (part.type === "text") return part.synthetic ? [] : [part.text];
  return part.type === "subtask" ? [part.description ?? part.prompt] : [];
}

function shown(text: string): string {
  return shortenTo(oneLine(text.slice(0, 1_000)), COLUMNS);
}
