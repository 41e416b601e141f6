import { expect, test, vi } from "vitest";
import type { RunFolder } from "../../../src/opencode/program/run-folder.js";
import { SharedStore } from "../../../src/opencode/store/shared-store.js";

const seen = vi.hoisted(() => ({ started: 0, stopped: 0, exported: 0 }));

vi.mock("../../../src/opencode/program/run-folder.js", () => ({
  createRunFolder: async () => ({ remove: async () => undefined }),
}));
vi.mock("../../../src/opencode/server/reading-server.js", () => ({
  startReadingServer: async () => {
    seen.started += 1;
    return {
      connection: { url: "http://127.0.0.1:9" },
      stop: async () => {
        seen.stopped += 1;
      },
    };
  },
}));
vi.mock("../../../src/opencode/server/connection.js", async (original) => ({
  ...(await original<object>()),
  connect: async () => {
    throw new Error("no client");
  },
}));
vi.mock("../../../src/opencode/cli/export-session.js", () => ({
  exportSession: async () => {
    seen.exported += 1;
    throw new Error("exported");
  },
}));

test("a server that no client could be had for is stopped, and the session is read by a command", async () => {
  const store = new SharedStore(100);
  const folder: RunFolder = {
    ...{ path: "/nowhere", runId: "r", temporary: "/nowhere" },
    streams: async () => ({ stdin: "", stdout: "", stderr: "" }),
    write: async () => "",
    remove: async () => undefined,
  };
  const command = { path: "/nowhere/opencode", folder, environment: {}, directory: "/nowhere", deadlineMs: 1_000 };
  await expect(store.readOf1("ses_a", command)).rejects.toThrow("exported");
  await store.close();
  expect(seen).toEqual({ started: 1, stopped: 1, exported: 1 });
});
