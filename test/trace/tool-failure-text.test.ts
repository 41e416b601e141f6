import { expect, test } from "vitest";
import { toolFailureText } from "../../src/trace/tool-failure-text.js";

const failed = (message: string, input: unknown, exitCode?: number): Parameters<typeof toolFailureText>[0] => ({
  input,
  failure: {
    ...{ kind: exitCode === undefined ? "failed" : "nonzero_exit", tool: "any", message },
    ...(exitCode === undefined ? {} : { exitCode }),
  },
});
const absent = failed("File not found: /repo/src/absent.txt", { filePath: "/repo/src/absent.txt" });

test.each([
  ["a command", failed("The command exited with code 1.", { command: "npm test" }, 1), "npm test: exit 1"],
  ["a file, of which the message speaks", absent, "src/absent.txt: File not found"],
  ["a file without its first slash", failed("No.", { path: "repo/a.txt" }), "a.txt: No."],
  ["a file elsewhere", failed("No.", { path: "/etc/passwd" }), "/etc/passwd: No."],
  ["a message that speaks of it in its midst", failed("a.txt is locked", { path: "a.txt" }), "a.txt is locked"],
  ["arguments without a text", failed("It broke.", { level: 11 }), "It broke."],
  [
    "a hostile command",
    failed("The command exited with code 2.", { command: "\u001b[2Jls\n\u202e-la" }, 2),
    "ls -la: exit 2",
  ],
])("what failed stands first: %s", (_, tool, text) => {
  expect(toolFailureText(tool, "/repo")).toBe(text);
});

test("without a directory paths stay whole, and what the message says of its file stays", () => {
  expect(toolFailureText(absent)).toBe("File not found: /repo/src/absent.txt");
  expect(toolFailureText({ ...absent, failure: null }, "/repo")).toBeNull();
});
