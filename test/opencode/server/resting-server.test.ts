import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hasTransaction } from "../../../src/opencode/server/file-locks.js";
import { restingServer } from "../../../src/opencode/server/resting-server.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function resting(isInTransaction: () => boolean | undefined) {
  const told: string[] = [];
  const server = restingServer(
    {
      pid: 0,
      stop: async () => {
        told.push("stop");
        return { kind: "exited", code: 0 };
      },
    },
    { signal: (name) => void told.push(name), isInTransaction },
  );
  return { told, server };
}

test("a server stands still after it was asked, and goes on for the next question and for its end", async () => {
  const { told, server } = resting(() => false);
  let answer = (): void => undefined;
  const asked = server.awake(() => new Promise<void>((resolve) => (answer = resolve)));
  await vi.advanceTimersByTimeAsync(60_000);
  await server.awake(async () => undefined);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([]);
  answer();
  await asked;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["SIGSTOP"]);
  await expect(server.awake(() => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  expect(told).toEqual(["SIGSTOP", "SIGCONT"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await server.stop()).toEqual({ kind: "exited", code: 0 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["SIGSTOP", "SIGCONT", "SIGSTOP", "SIGCONT", "stop"]);
});

test("a server never stands still in a transaction, nor where none could be seen", async () => {
  const unseen = resting(() => undefined);
  await unseen.server.awake(async () => undefined);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(unseen.told).toEqual([]);

  let isBusy = true;
  const busy = resting(() => isBusy);
  await busy.server.awake(async () => undefined);
  await vi.advanceTimersByTimeAsync(360);
  expect(busy.told).toEqual(["SIGSTOP", "SIGCONT"]);
  isBusy = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(busy.told).toEqual(["SIGSTOP", "SIGCONT", "SIGSTOP"]);
  isBusy = true;
  await busy.server.awake(async () => undefined);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(busy.told.at(-1)).toBe("SIGCONT");
});

test("a server that stands still is looked at twice, since a lock may be missed", async () => {
  // Before it stands still, and then, until the second look.
  const looks = [false, false, true];
  const { told, server } = resting(() => looks.shift() ?? false);
  await server.awake(async () => undefined);
  await vi.advanceTimersByTimeAsync(400);
  expect([told, looks]).toEqual([["SIGSTOP"], [true]]);
  await vi.advanceTimersByTimeAsync(200);
  expect(told).toEqual(["SIGSTOP", "SIGCONT"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["SIGSTOP", "SIGCONT", "SIGSTOP"]);
});

test("one that has ended is told nothing more", async () => {
  let told = 0;
  const server = restingServer(
    { pid: 0, stop: async () => ({ kind: "exited", code: 1 }) },
    {
      signal: () => {
        told += 1;
        throw new Error("no such process");
      },
      isInTransaction: () => false,
    },
  );
  for (let asked = 0; asked < 3; asked += 1) {
    await server.awake(async () => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
  }
  await server.stop();
  expect(told).toBe(1);
});

/** As Linux tells of locks: a database that is open in two processes; the second one reads, or waits to write. */
const OPEN = `1: POSIX  ADVISORY  READ 30080 fe:00:4269433 128 128
2: POSIX  ADVISORY  READ 30080 fe:00:4269431 1073741826 1073742335
3: POSIX  ADVISORY  READ 27672 fe:00:4269433 128 128
4: POSIX  ADVISORY  READ 27672 fe:00:4269431 1073741826 1073742335
`;

test("locks tell whether a process is in a transaction, or has only opened a database", () => {
  const of = (pid: number) => (one: number) => one === pid;
  expect(hasTransaction(OPEN, of(30080))).toBe(false);
  expect(hasTransaction(OPEN, of(1))).toBeUndefined();
  for (const line of [
    "5: POSIX  ADVISORY  READ 27672 fe:00:4269433 124 124",
    "5: POSIX  ADVISORY  WRITE 27672 fe:00:4269433 120 120",
    "5: -> POSIX  ADVISORY  WRITE 27672 fe:00:4269433 120 120",
    "5: FLOCK  ADVISORY  WRITE 27672 fe:00:4269433 0 EOF",
  ]) {
    expect([line, hasTransaction(`${OPEN}${line}\n`, of(27672))]).toEqual([line, true]);
    expect([line, hasTransaction(`${OPEN}${line}\n`, of(30080))]).toEqual([line, false]);
  }
});
