import fc from "fast-check";
import { expect, test } from "vitest";
import { timeParts } from "../../src/analysis/time-parts.js";
import type { TimeAccount } from "../../src/trace/model.js";

function account(model: number, tools: number, retries: number, other: number, waiting: number = 0): TimeAccount {
  const duration = model + tools + waiting + retries + other;
  return { duration, model, firstToken: 0, tools, waiting, retries, other, toolsSummed: tools };
}

test.each<[TimeAccount, string | null, string]>([
  [account(444, 0, 0, 609), null, "1.05s = model 0.44s (42%) + opencode 0.61s (58%)"],
  [account(444, 0, 0, 109), "tools", "553ms = model 444ms (80%) + tools 0ms (0%) + opencode 109ms (20%)"],
  [account(232, 0, 778, 835), null, "1.85s = model 0.23s (13%) + retries 0.78s (42%) + opencode 0.84s (45%)"],
  [
    account(500_000, 120_400, 0, 4),
    "tools and subagents",
    "10m20s = model 8m20s (81%) + tools and subagents 2m00s (19%) + opencode 4ms (0%)",
  ],
  [account(3_600_000, 180_000, 0, 12_000), "tools", "1h03m = model 1h00m (95%) + tools 3m (5%) + opencode 12.0s (0%)"],
  [
    account(1_000, 500, 0, 500, 2_000),
    "tools",
    "4.00s = model 1.00s (25%) + tools 0.50s (13%) + waiting for permission 2.00s (50%) + opencode 0.50s (12%)",
  ],
  [account(0, 0, 0, 0), null, "0ms = model 0ms (0%) + opencode 0ms (0%)"],
])("%j", (times, tools, expected) => {
  expect(timeParts(times, tools).join(" ")).toBe(expected);
});

/** What a reader adds up, in ms. */
function read(text: string): number {
  const [, hours = "0", minutes = "0", seconds = "0", ms = "0"] =
    /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:(\d+)ms)?$/.exec(text) ?? [];
  return Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(ms);
}

test("a reader who adds up the parts gets the total and 100%, however long it took", () => {
  const ms = fc.oneof(fc.nat({ max: 900 }), fc.nat({ max: 30_000 }), fc.nat({ max: 90_000_000 }));
  fc.assert(
    fc.property(ms, ms, ms, ms, ms, (...times) => {
      const [total = "", ...parts] = timeParts(account(...times), "tools");
      fc.pre(times.some((time) => time > 0));
      const found = parts.map((part) => /^[=+] [a-z ]+ (\S+) \((\d+)%\)$/.exec(part) ?? []);
      expect(found.reduce((sum, [, , percent]) => sum + Number(percent), 0)).toBe(100);
      const sum = found.reduce((all, [, time = ""]) => all + read(time), 0);
      // Parts that are smaller than the total's unit are told exactly, and then are less than a unit each.
      const decimals = /\.(\d+)s$/.exec(total)?.[1]?.length ?? 0;
      const step = total.endsWith("ms") ? 1 : total.includes("h") ? 60_000 : 1000 / 10 ** decimals;
      expect(sum).toBeGreaterThanOrEqual(read(total) - 1e-6);
      expect(sum).toBeLessThan(read(total) + 3 * step + 1e-6);
      const whole = found.map(([, time = ""]) => read(time)).filter((time) => time >= step - 1e-6);
      expect(whole.reduce((all, time) => all + time, 0)).toBeCloseTo(read(total), 3);
    }),
  );
});
