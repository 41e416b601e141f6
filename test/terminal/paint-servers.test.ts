import picocolors from "picocolors";
import { expect, test } from "vitest";
import { paintServers } from "../../src/terminal/paint-servers.js";

const SERVER = {
  ...{ id: "3f9a2c1b00000000", version: "1.18.33", opencode: "/bin/opencode", pid: 7 },
  state: "ready",
  ...{
    ageMs: 3_723_000,
    memoryBytes: 361e6,
    runs: 0,
    uses: 12,
    idleMs: 63_000,
    idleLimitMs: 600_000,
    why: "the first",
  },
} as const;

test("a server a line, those that are at work or ending too", () => {
  const others = [
    { ...SERVER, id: "aaaaaaaa00000000", runs: 2, idleMs: null, why: "auth.json changed" },
    { ...SERVER, id: "bbbbbbbb00000000", state: "ending", version: null, memoryBytes: null, why: "a\u001b[31m\nb" },
  ] as const;
  const text = paintServers([SERVER, ...others], { width: 120, colors: picocolors.createColors(false) });
  expect(text.split("\n").map((line) => line.replace(/ {2,}/g, " | "))).toEqual([
    "id | state | opencode | age | idle | memory | uses | pid | why",
    "3f9a2c1b | ready | 1.18.33 | 1h02m | 1m03s of 10m00s | 361 MB | 12 | 7 | the first",
    "aaaaaaaa | at work | 1.18.33 | 1h02m | 361 MB | 12 | 7 | auth.json changed",
    expect.stringMatching(/^bbbbbbbb \| ending \| – .* a.? ?b$/),
  ]);
  expect(paintServers([], { width: 80, colors: picocolors })).toBe("No opencode is left from a run.");
});

test.each([80, 60, 40])("at %i columns a reason stands whole below its server", (width) => {
  const why = "the last one ended: no run used it for long enough; the variable ANTHROPIC_API_KEY changed, and 2 more";
  const text = paintServers([{ ...SERVER, why }], { width, colors: picocolors.createColors(false) });
  const lines = text.split("\n");
  expect(lines[1]).toMatch(/^3f9a2c1b {2}ready/);
  const end = lines.indexOf("");
  const below = lines.slice(2, end < 0 ? undefined : end);
  expect(below.map((line) => line.trim()).join(" ")).toBe(`why: ${why}`);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
});
