/** What a step's own page shows: what the model said, and what came of the tools that it called. */
import { duration } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Step, Tool } from "../../trace/model.js";
import { howItFailed, toolSubject } from "../../trace/tool-failure-text.js";

/** Of a longer answer the whole is in the call below. */
const MOST_TEXT = 4_000;
const MOST_TOOLS = 100;

/**
 * A step's output as Markdown. A step has no input: Langfuse's session page shows each observation that has both, and
 * the conversation would stand there twice. Its tool calls are words here: as `toolCalls` Langfuse would count them on
 * the step and on the call.
 */
export function stepOutput({ call, tools, outcome, index }: Step): string {
  const { text, thinking } = call?.output ?? { text: null, thinking: null };
  const said = text?.trim() || (tools.length === 0 ? thinking?.trim() : "") || "";
  const error = call?.error;
  const parts = [
    said.length > MOST_TEXT ? `${said.slice(0, MOST_TEXT)}\n… [the whole is in the call below]` : said,
    ...(error ? [`**${error.code}**: ${oneLine(error.message)}`] : []),
    tools.slice(0, MOST_TOOLS).map(toolLine).join("\n"),
    ...(tools.length > MOST_TOOLS ? [`… and ${tools.length - MOST_TOOLS} more`] : []),
  ].filter((part) => part !== "");
  return parts.length > 0 ? parts.join("\n\n") : `Step ${index} said nothing (${outcome}).`;
}

function toolLine(tool: Tool): string {
  const told = toolSubject(tool.input);
  const subject = told.includes("`") ? told.replaceAll("`", "'") : told;
  const took = tool.outcome === "unfinished" ? "" : `, ${duration(tool.end - tool.start)}`;
  return `- **${oneLine(tool.name)}**${subject === "" ? "" : ` \`${subject}\``}: ${howItFailed(tool) ?? tool.outcome}${took}`;
}
