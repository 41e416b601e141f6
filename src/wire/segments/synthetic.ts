/** How the texts begin that opencode itself puts among a person's, as far as a request shows it. */
const OPENINGS = new RegExp(
  [
    "Called the \\w+ tool with the following input: ",
    "Read tool failed to read ",
    "ERROR: Cannot read ",
    "Reading MCP resource: |Failed to read MCP resource |\\[Binary MCP resource ",
    "<system-reminder>",
    "Attached (?:media|image\\(s\\)) from tool result:",
    "Generate a title for this conversation:",
    "Continue if you have next steps",
    "What did we do so far\\?",
    "<conversation-checkpoint>",
    "Here is the conversation so far:\\s*<conversation>",
    "(?:Create a new|Update the) anchored summary",
    "Provide a detailed (?:prompt|summary) for continuing our conversation above",
    "Summarize the task tool output above and continue",
    "The following tool was executed by the user",
    "The plan at .* has been approved",
    "CRITICAL - MAXIMUM STEPS REACHED",
    "<(?:task|subagent) \\w+=",
  ]
    .map((opening) => `^\\s*(?:${opening})`)
    .join("|"),
);
const READ = /^Called the Read tool with the following input: /;
/** What the Read tool gives of a file that a person attached. */
const CONTENT = /^(?:<path>|<file>|\d{5}\| |(?:Image|PDF) read successfully)/;

/** @param before the text before it in its message; null without one */
export function isSynthetic(text: string, before: string | null): boolean {
  return OPENINGS.test(text) || (before !== null && READ.test(before) && CONTENT.test(text));
}
