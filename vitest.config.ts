import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/shared-processes.ts"],
    // The end-to-end tests start the real opencode; a loaded two-core machine needs room.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // What a test waits for, it waits for as long as it may take: a machine that is busy is slow, not wrong.
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
  },
});
