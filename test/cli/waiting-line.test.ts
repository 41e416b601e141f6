import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { waitingLine } from "../../src/cli/langfuse-of.js";
import type { Terminal } from "../../src/cli/terminal.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function terminal(isTty: boolean, written: string[]): Terminal {
  return {
    env: {},
    cwd: "/",
    out: () => expect.unreachable(),
    err: (text) => void written.push(text),
    readStdin: async () => "",
    outIsTty: isTty,
    errIsTty: isTty,
    width: 80,
    errWidth: 80,
    errHeight: 24,
  };
}

test("a wait of seconds is told on a terminal, and the line goes away", () => {
  const written: string[] = [];
  const answered = waitingLine(terminal(true, written))?.("127.0.0.1:3000");
  vi.advanceTimersByTime(900);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(written.join("")).toMatch(/Waiting for 127\.0\.0\.1:3000 … 2/);
  answered?.();
  expect(written.at(-1)).toBe("\r\x1b[2K");
  expect(waitingLine(terminal(false, written))).toBeUndefined();
});
