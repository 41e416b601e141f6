import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidExportError } from "../../../src/errors/invalid-export-error.js";
import { readExport } from "../../../src/opencode/read/read-export.js";
import { loadFixture } from "../../support/fixtures.js";
import { reportedText } from "../../support/reported.js";
import { tries } from "../../support/tries.js";

const { text: exported, session } = loadFixture("plain-answer@1.18.33");

function refusal(text: string): string {
  try {
    readExport(text, "x");
  } catch (error) {
    if (error instanceof InvalidExportError) return error.message;
    throw error;
  }
  throw new Error("it was not refused");
}

test("a status line in front, as opencode 1.15 writes it to the same file", () => {
  const read = readExport(reportedText("status-line-prefix/session.json"), "x");
  expect(read.info.id).toBe("ses_e03b62130ffeoj4vp7D1mp9Cj4");
  expect(read.messages).toHaveLength(2);
});

test("a file of PowerShell's", () => {
  expect(readExport(reportedText("powershell-utf16/session-utf16le.json"), "x").messages).toHaveLength(2);
});

describe("an export with other text around it is read as the export", () => {
  const noise: readonly (readonly [string, string, string])[] = [
    ["several status lines", "Exporting session: ses_1\nExporting session: ses_1\n", ""],
    ["the same in one line", "Exporting session: ses_1", ""],
    ["colours", "\u001b[90mExporting session: \u001b[0m\u001b[1mses_1\u001b[22m\u001b[?25l\r\n", "\u001b[0m\n"],
    ["a window title", "\u001b]0;opencode {x}\u0007", ""],
    [
      "npm's noise",
      'npm warn config {"json": "unknown option"}\nnpm notice New major version of npm available! 10 -> 11\n',
      "\nnpm notice\n",
    ],
    [
      "a log in JSON",
      '{"level":"info","info":1}\n{"level":"warn","of":{"info":{},"messages":[]}}\n',
      '\n{"done":true}',
    ],
    ["a warning with braces and quotes", '(node:7) Warning: {"a\' is no } { option \\" here\n', "\nBye {"],
    ["an unclosed quote", "can't open \"config\n", ""],
    [
      "PowerShell's rendering of stderr",
      [
        "opencode : Exporting session: ses_1",
        "At line:1 char:1",
        "+ opencode export ses_1 > x.json 2>&1",
        "    + CategoryInfo          : NotSpecified: (Exporting session: ses_1:String) [], RemoteException",
        "",
      ].join("\r\n"),
      "\r\n",
    ],
    ["zero bytes", "\0\0", "\0\0\0\n\0"],
    ["a byte order mark behind the status line", "Exporting session: ses_1\r\n\uFEFF", ""],
    ["a prompt of a shell", "$ ", "\n$ "],
    ["an object that never ends", '{"begun": {"at": [{}, ', ""],
    ["braces in a text that never ends", '{"begun": {"at": "{ \\" {\n', ""],
  ];

  test.each(noise)("%s", (_, front, behind) => {
    expect(readExport(`${front}${exported}${behind}`, "x")).toEqual(session);
    const windows = `${front}${exported}${behind}`.replaceAll(/\r?\n/g, "\r\n");
    expect(readExport(windows, "x")).toEqual(session);
    // On one line, as a program makes it that prints JSON itself.
    expect(readExport(`${front}${JSON.stringify(JSON.parse(exported))}${behind}`, "x")).toEqual(session);
  });

  test("any text without a brace", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !/[{}\0\u001b]/.test(text));
    fc.assert(
      fc.property(line, line, (front, behind) => {
        expect(readExport(`${front}${exported}${behind}`, "x")).toEqual(session);
      }),
      { numRuns: tries(100) },
    );
  });

  test("what is cut off is cut off with a status line too", () => {
    for (const share of [0.1, 0.5, 0.99]) {
      const cut = exported.trimEnd().slice(0, Math.floor(exported.length * share));
      expect(refusal(`Exporting session: ses_1\n${cut}`)).toMatch(/is cut off after \d+ .*64 KiB.*> file\.json/);
    }
  });
});

test("two exports in one text are no session", () => {
  expect(refusal(`${exported}\n${exported}`)).toContain("several exports stand in it");
});

test("a text of braces is refused in little time", () => {
  expect(refusal("{".repeat(80_000))).toContain("not valid JSON");
  expect(refusal(`${'{"a":'.repeat(50_000)}`)).toContain("cut off");
});
