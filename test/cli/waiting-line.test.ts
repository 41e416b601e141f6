import { EventEmitter, once } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { whileWaiting } from "../../src/cli/delivery-line.js";
import { waitingLine } from "../../src/cli/langfuse-of.js";
import { patientLine } from "../../src/cli/patient-line.js";
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

const destination = {
  id: "a",
  kind: "langfuse",
  label: "127.0.0.1:3000 (pk…)",
  url: "http://127.0.0.1:3000",
} as const;

test("a destination that is not reached: which try comes when, until when, and why", async () => {
  const written: string[] = [];
  const delivered = new EventEmitter();
  const waited = whileWaiting(
    { ...terminal(true, written), width: 120, errWidth: 120 },
    [destination],
    (onProgress) => {
      const how = { failures: 2, waitMs: 2_000, leftMs: 9_000 };
      onProgress({ kind: "waiting", destination, reason: "connection refused", ...how });
      return once(delivered, "over").then(() => "done");
    },
  );
  vi.advanceTimersByTime(1_000);
  expect(written.join("")).toContain("try 3 in 1s, the last within 8s: connection refused (127.0.0.1:3000 (pk…))");
  delivered.emit("over");
  expect(await waited).toBe("done");
  expect(written.at(-1)).toBe("\r\x1b[2K");
});

test("elsewhere it is told once that one takes long, of however many deliveries", async () => {
  const written: string[] = [];
  const pipe = terminal(false, written);
  for (const takesMs of [9_000, 66_000, 66_000]) {
    const delivered = new EventEmitter();
    const waited = whileWaiting(pipe, [destination], (onProgress) => {
      const how = { failures: 3, waitMs: 30_000, leftMs: 60_000 };
      onProgress({ kind: "waiting", destination, reason: "connection refused", ...how });
      return once(delivered, "over");
    });
    vi.advanceTimersByTime(takesMs);
    delivered.emit("over");
    await waited;
  }
  const quiet = whileWaiting(terminal(false, written), [], new Promise((resolve) => setTimeout(resolve, 66_000)));
  vi.advanceTimersByTime(66_000);
  await quiet;
  expect(written).toEqual([
    "looptrace: a delivery takes long: try 4 in 20s, the last within 50s: connection refused (127.0.0.1:3000 (pk…)) …\n",
  ]);
});

test("what is waited for long enough is told: on a terminal soon, elsewhere once and late", () => {
  const written: string[] = [];
  const stop = patientLine(terminal(true, written), "asking opencode");
  vi.advanceTimersByTime(600);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(written.join("")).toMatch(/1\.\d+s {2}asking opencode/);
  stop();
  expect(written.at(-1)).toBe("\r\x1b[2K");
  const before = written.length;
  const stopped = patientLine(terminal(false, written), "asking opencode");
  const late = patientLine(terminal(false, written), "asking opencode");
  vi.advanceTimersByTime(9_000);
  stopped();
  expect(written).toHaveLength(before);
  vi.advanceTimersByTime(60_000);
  expect(written.slice(before)).toEqual(["looptrace: asking opencode …\n"]);
  late();
});
