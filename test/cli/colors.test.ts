import { describe, expect, test } from "vitest";
import { colorsFor, THEME } from "../../src/cli/colors.js";

/** Of one of the cube's colours or the ramp of greys, as xterm defines them; 0 to 1. */
function luminanceOf(index: number): number {
  const levels = [0, 95, 135, 175, 215, 255];
  const at = index - 16;
  const grey = 8 + 10 * (index - 232);
  const channels =
    index >= 232 ? [grey, grey, grey] : [at / 36, (at / 6) % 6, at % 6].map((one) => levels[Math.floor(one)] ?? 0);
  const linear = channels.map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = linear;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe("the theme", () => {
  test.each(Object.entries(THEME))("%s can be read on black and on white", (_, index) => {
    const luminance = luminanceOf(index);
    expect((luminance + 0.05) / 0.05).toBeGreaterThan(3.5);
    expect(1.05 / (luminance + 0.05)).toBeGreaterThan(3.5);
  });

  test("each meaning has a colour of its own", () => {
    expect(new Set(Object.values(THEME)).size).toBe(Object.keys(THEME).length);
  });

  test("a colour goes on behind one that ends in it", () => {
    const colors = colorsFor({ env: { TERM: "xterm-256color" } }, true);
    expect(colors.red(`a ${colors.blue("b")} c`)).toBe(
      "\u001b[38;5;160ma \u001b[38;5;32mb\u001b[38;5;160m c\u001b[39m",
    );
    expect(colors.dim("x")).toBe("\u001b[38;5;244mx\u001b[39m");
  });
});

test.each([
  [{ TERM: "xterm" }, "\u001b[31mx\u001b[39m"],
  [{ TERM: "xterm", COLORTERM: "truecolor" }, "\u001b[38;5;160mx\u001b[39m"],
  [{ TERM: "tmux-256color" }, "\u001b[38;5;160mx\u001b[39m"],
  [{ TERM: "xterm-256color", FORCE_COLOR: "1" }, "\u001b[31mx\u001b[39m"],
  [{ FORCE_COLOR: "2" }, "\u001b[38;5;160mx\u001b[39m"],
  [{ TERM: "xterm-256color", NO_COLOR: "1" }, "x"],
])("with %j red is %j", (env, painted) => {
  expect(colorsFor({ env }, true).red("x")).toBe(painted);
});
