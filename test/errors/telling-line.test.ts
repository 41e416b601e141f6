import { expect, test } from "vitest";
import { tellingLine } from "../../src/errors/telling-line.js";

test.each([
  [
    'ENOTDIR: not a directory, mkdir \'/data/opencode\'\n    path: "/data/opencode",\n syscall: "mkdir",\n   errno: -20,\n\n\nBun v1.3.14\n',
    "ENOTDIR: not a directory, mkdir '/data/opencode'",
  ],
  [
    "\u001b[91mError: \u001b[0mConfig file at /x.json is not valid\n--- Errors ---\nValueExpected at line 2\n--- End ---\n",
    "Error: Config file at /x.json is not valid",
  ],
  ["1 | throw it\n    ^\nTypeError: no such thing\n at x\n at y\n", "TypeError: no such thing"],
  ["Environment: production\nLoading plugins\nTypeError: boom\n at x\n at y\n", "TypeError: boom"],
  ["ENVIRONMENT: production\nNO_ERROR: 0\nnoerror: none\nTypeError [ERR_X]: boom\n at x\n", "TypeError [ERR_X]: boom"],
  ["fatal: no such folder\n at x\n at y\n at z\n", "fatal: no such folder"],
  ["usage: opencode\n  --a\nExamples: opencode run hi\n  --b\n  --c\n", undefined],
  ["Migrating.\nThis machine has no database.\n", "This machine has no database."],
  ["usage: opencode\n  --a  first\n  --b  second\n  --c  third\n", undefined],
  ["", undefined],
])("%j", (stderr, line) => {
  expect(tellingLine(stderr)).toBe(line);
});
