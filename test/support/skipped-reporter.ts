import type { Reporter, TestModule } from "vitest/node";
import { OPENCODE2_VARIABLE, realOpencode2 } from "./real-opencode2.js";
import { isRedisInstalled } from "./redis-server.js";

/** Why a test can be skipped on a machine, and what to do there. */
const REASONS = [
  {
    applies: () => !isRedisInstalled(),
    text: "redis-server is not on the PATH, so nothing of the queue was tested. On Debian and Ubuntu: apt-get install redis-server",
  },
  {
    applies: () => realOpencode2() === undefined,
    text: `${OPENCODE2_VARIABLE} names no opencode 2, so of that only stand-ins were tried: set it to the path of one`,
  },
  {
    applies: () => process.platform !== "linux",
    text: "what a killed process leaves behind is looked for in /proc, which only Linux has",
  },
  {
    applies: () => process.getuid?.() !== 0,
    text: "files of another user can only be made by root",
  },
];

/** Says at the end what was skipped, and how to have it: a green run is not to look as if it had tested all. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => {
      const count = [...module.children.allTests("skipped")].length;
      return count > 0 ? [{ file: module.relativeModuleId, count }] : [];
    });
    const total = skipped.reduce((sum, { count }) => sum + count, 0);
    if (total === 0) return;
    const lines = [
      `${total} tests were skipped: ${skipped.map(({ file, count }) => `${file} (${count})`).join(", ")}`,
      ...REASONS.filter(({ applies }) => applies()).map(({ text }) => `- ${text}`),
    ];
    process.stdout.write(`\n${lines.join("\n")}\n`);
  }
}
