import type { Random } from "../../bench/random.js";

/** Where in a session a secret can stand. */
export interface Place {
  readonly name: string;
  readonly put: (text: string, random: Random) => unknown;
}

const each = (text: string, change: (line: string, index: number) => string): string =>
  text.split("\n").map(change).join("\n");

const json = (text: string): string => JSON.stringify(text).slice(1, -1);

function wrapped(text: string, width: number): string {
  return text.match(new RegExp(`[^]{1,${width}}`, "g"))?.join("\n") ?? "";
}

function filler(random: Random, length: number): string {
  const words = [
    "the",
    "file",
    "has",
    "been",
    "read",
    "and",
    "written",
    "const",
    "value",
    "(x)",
    "=>",
    "return",
  ] as const;
  let text = "";
  while (text.length < length) text += `${random.pick(words)}${random.pick([" ", " ", " ", "\n"])}`;
  return text;
}

export const PLACES: readonly Place[] = [
  {
    name: "a prompt",
    put: (text) => ({ parts: [{ type: "text", text: `Please use this:\n\n${text}\n\nand go on.` }] }),
  },
  {
    name: "a tool's output",
    put: (text) => ({ type: "tool", state: { status: "completed", output: `${text}\n` } }),
  },
  {
    name: "a file with numbers of lines",
    put: (text) => ({
      output: `<file>\n${each(text, (line, index) => `${String(index + 1).padStart(5, "0")}| ${line}`)}\n</file>`,
    }),
  },
  {
    name: "cat -n",
    put: (text) => ({ output: each(text, (line, index) => `${String(index + 1).padStart(6)}\t${line}`) }),
  },
  {
    name: "grep -n",
    put: (text) => ({ output: each(text, (line, index) => `config/app.conf:${index + 12}:${line}`) }),
  },
  {
    name: "a diff",
    put: (text) => ({
      metadata: { diff: `@@ -1,2 +1,3 @@\n # settings\n${each(text, (line) => `+${line}`)}\n` },
    }),
  },
  {
    name: "a text in JSON",
    put: (text) => ({ output: `{"stdout": "${json(`before\n${text}\nafter`)}", "code": 0}` }),
  },
  {
    name: "a text in JSON in JSON",
    put: (text) => ({
      output: JSON.stringify({ body: JSON.stringify({ content: `first\n${text}\nlast` }) }),
    }),
  },
  { name: "in colour", put: (text) => ({ output: each(text, (line) => `\u001b[32m${line}\u001b[0m`) }) },
  { name: "Markdown", put: (text) => ({ text: `I found this:\n\n\`\`\`\n${text}\n\`\`\`\n\nWhat now?` }) },
  { name: "a name of a field", put: (text) => ({ input: { [text]: true } }) },
  { name: "a command", put: (text) => ({ input: { command: `cat > out.conf <<'EOF'\n${text}\nEOF` } }) },
  {
    name: "an error",
    put: (text) => ({
      error: {
        name: "UnknownError",
        data: { message: `Error: cannot read\n${text}\n    at run (main.js:1:2)` },
      },
    }),
  },
  {
    name: "HTML",
    put: (text) => ({
      output: `<pre>${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;")}</pre>`,
    }),
  },
  {
    name: "lines of Windows",
    put: (text) => ({ output: `first\r\n${text.replaceAll("\n", "\r\n")}\r\nlast` }),
  },
  {
    name: "percent-encoded",
    put: (text) => ({ url: `https://x.test/save?body=${encodeURIComponent(text)}&n=1` }),
  },
  {
    name: "base64",
    put: (text) => ({ output: `data: ${Buffer.from(`# file\n${text}\n`).toString("base64")}` }),
  },
  {
    name: "base64 in lines",
    put: (text) => ({
      output: `${wrapped(Buffer.from(`# some file\n${text}\nend\n`).toString("base64"), 76)}\n`,
    }),
  },
  { name: "quoted text", put: (text) => ({ text: each(text, (line) => `> ${line}`) }) },
  {
    name: "deep in a long output",
    put: (text, random) => ({ output: `${filler(random, 99_980)}\n${text}\n${filler(random, 2_000)}` }),
  },
  {
    name: "a file that is written",
    put: (text) => ({
      tool: "write",
      input: { filePath: "/tmp/x", content: `# x\n\n${each(text, (line) => `  ${line}`)}\n` },
    }),
  },
  {
    name: "text in JSON that is safe in HTML",
    put: (text) => ({
      output: json(text)
        .replaceAll("&", "\\u0026")
        .replaceAll("<", "\\u003c")
        .replaceAll(">", "\\u003e")
        .replaceAll("=", "\\u003d")
        .replaceAll("'", "\\u0027"),
    }),
  },
];
