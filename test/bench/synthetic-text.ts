import type { Random } from "./random.js";

const WORDS = [
  "const",
  "return",
  "await",
  "export",
  "function",
  "import",
  "if",
  "else",
  "for",
  "while",
  "type",
  "readonly",
  "session",
  "message",
  "part",
  "tool",
  "token",
  "cache",
  "request",
  "response",
  "error",
  "retry",
  "index",
  "value",
  "the",
  "a",
  "of",
  "to",
  "and",
  "that",
  "which",
  "is",
  "are",
  "was",
  "not",
  "with",
  "from",
  "when",
  "because",
  "result.items",
  "options.timeoutMs",
  "src/server/router.ts",
  "=>",
  "===",
  "{",
  "}",
  "();",
  "[0]",
  "/** why */",
] as const;

/** Enough that no text repeats itself within a few kilobytes, which would flatter every compressor. */
const LINES = 4000;

/** Makes text like source code and its listings: lines of words, indented, now and then a character beyond Latin-1. */
export function createTexts(random: Random): { readonly text: (length: number) => string } {
  const lines = Array.from({ length: LINES }, (_, index) => {
    const words = Array.from({ length: random.whole(2, 14) }, () => random.pick(WORDS));
    const mark = index % 400 === 0 ? " // → “so”" : "";
    return `${" ".repeat(2 * random.whole(0, 4))}${words.join(" ")} ${random.whole(0, 99_999)}${mark}`;
  });
  return {
    text(length) {
      const taken: string[] = [];
      let at = random.whole(0, LINES - 1);
      for (let left = length; left > 0; at = (at + 1) % LINES) {
        const line = lines[at] ?? "";
        taken.push(line.slice(0, left));
        left -= line.length + 1;
      }
      return taken.join("\n");
    },
  };
}
