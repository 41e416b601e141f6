import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.js";
import { tellWriteErrors } from "../../src/cli/write-errors.js";

function writing() {
  const said: string[] = [];
  const stderr = Object.assign(new EventEmitter(), { write: (text: string) => said.push(text) > 0 });
  const own = { stdout: new EventEmitter(), stderr, exitCode: undefined as number | undefined };
  const exitCodeOf = tellWriteErrors(own as unknown as Parameters<typeof tellWriteErrors>[0]);
  const fail = (stream: "stdout" | "stderr", code: string): void =>
    void own[stream].emit("error", Object.assign(new Error(code), { code }));
  return { own, said, exitCodeOf, fail };
}

test.each([
  ["ENOSPC", "the disk is full"],
  ["EIO", "the disk gives errors"],
])("%s on standard output is told once, and is no success", (code, why) => {
  const { own, said, exitCodeOf, fail } = writing();
  fail("stdout", code);
  fail("stdout", "ERR_STREAM_DESTROYED");
  fail("stdout", code);
  expect(said).toEqual([`looptrace: standard output cannot be written to: ${why}.\n`]);
  expect([own.exitCode, exitCodeOf(EXIT.ok), exitCodeOf(EXIT.turnFailed)]).toEqual([EXIT.usage, EXIT.usage, 1]);
});

test("a reader that has seen enough, or that reads no errors, changes nothing", () => {
  const { own, said, exitCodeOf, fail } = writing();
  fail("stdout", "EPIPE");
  fail("stderr", "EPIPE");
  fail("stderr", "ENOSPC");
  expect([said, own.exitCode, exitCodeOf(EXIT.ok)]).toEqual([[], undefined, EXIT.ok]);
});
