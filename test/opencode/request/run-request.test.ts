import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { RunRequestError } from "../../../src/errors/run-request-error.js";
import { checkRequest, type RunRequest } from "../../../src/opencode/request/run-request.js";

const directory = mkdtempSync(join(tmpdir(), "run-request-"));
const file = join(directory, "notes.txt");
writeFileSync(file, "notes");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("a sound request gets its defaults and absolute paths", () => {
  expect(checkRequest({ message: '-x\0 "hi"\n', directory, files: [file], model: "a/b/c" })).toEqual({
    message: '-x\0 "hi"\n',
    directory,
    files: [file],
    model: "a/b/c",
    deadlineMs: 600_000,
    graceMs: 5_000,
  });
  expect(checkRequest({ message: "hi" }).directory).toBe(process.cwd());
});

test("a command needs no message, and a deadline may be infinite", () => {
  expect(checkRequest({ message: "", command: "init", deadlineMs: Infinity }).deadlineMs).toBe(Infinity);
});

const refused: [string, Partial<RunRequest>, string][] = [
  ["message", { message: "" }, "is empty"],
  ["message", { message: " \n\t" }, "is empty"],
  ["message", { message: "", files: [file] }, "beside attached files"],
  ["model", { model: "gpt-9" }, "provider/model"],
  ["model", { model: "/m" }, "provider/model"],
  ["model", { model: "a/" }, "provider/model"],
  ["agent", { agent: " " }, "Leave it out"],
  ["title", { title: "a\0b" }, "NUL"],
  ["systemPrompt", { systemPrompt: "\n" }, "Leave it out"],
  ["session", { session: "ses_1", continueLast: true }, "choose one"],
  ["fork", { fork: true }, "needs the session"],
  ["directory", { directory: join(directory, "nowhere") }, "does not exist"],
  ["directory", { directory: file }, "is not a directory"],
  ["files", { files: [join(directory, "nothing.txt")] }, "does not exist"],
  ["deadlineMs", { deadlineMs: 0 }, "more than 0"],
  ["deadlineMs", { deadlineMs: Number.NaN }, "more than 0"],
  ["graceMs", { graceMs: -1 }, "more than 0"],
];

test.each(refused)("refused: %s of %j", (field, request, problem) => {
  const check = () => checkRequest({ message: "do it", directory, ...request });
  expect(check).toThrow(RunRequestError);
  expect(check).toThrow(problem);
  expect(check).toThrow(expect.objectContaining({ field }));
});
