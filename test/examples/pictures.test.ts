import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MOST_BYTES, pictureNames } from "../../examples/demo/pictures.js";
import { terminalSvg } from "../../examples/demo/terminal-svg.js";
import { pages, REPOSITORY, targetsOf } from "../docs/pages.js";

const IMAGES = join(REPOSITORY, "docs/images");

test("the pictures are those that the script takes, small enough for a repository, and each is shown", () => {
  expect(readdirSync(IMAGES).sort()).toEqual(pictureNames());
  const sizes = pictureNames().map((name) => statSync(join(IMAGES, name)).size);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MOST_BYTES.picture);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MOST_BYTES.all);
  const shown = new Set(pages.flatMap((page) => targetsOf(page).map(({ path }) => path)));
  expect(pictureNames().filter((name) => !shown.has(`docs/images/${name}`))).toEqual([]);
});

test("no picture names the machine that it was taken on", () => {
  const texts = pictureNames()
    .filter((name) => name.endsWith(".svg"))
    .map((name) => readFileSync(join(IMAGES, name), "utf8"));
  expect(texts.filter((text) => /\/(?:tmp|root|work)\b|127\.0\.0\.1|localhost/.test(text))).toEqual([]);
});

test("a terminal's colours, bold and places become those of the picture", () => {
  const svg = terminalSvg("show <1>", "\u001b[38;5;28mok\u001b[39m  \u001b[1ma & b\u001b[22m\n漢字 ██ x\n", 20);
  expect(svg).toContain("<title>show &lt;1&gt;</title>");
  const texts = [
    ...svg.matchAll(/<text x="(\d+)" y="([\d.]+)" textLength="(\d+)"[^>]*?(?:(?:class|style)="([^"]*)")?>([^<]*)</g),
  ];
  const told = texts.map(([, x, y, length, style, text]) => [text, Number(x), Number(y), Number(length), style]);
  expect(told).toEqual([
    ["$ show &lt;1&gt;", 14, 27.5, 80, "b"],
    ["ok", 14, 45.5, 16, "fill:#008700"],
    ["a &amp; b", 46, 45.5, 40, "b"],
    ["漢字", 14, 63.5, 32, undefined],
    ["██", 54, 63.5, 16, undefined],
    ["x", 78, 63.5, 8, undefined],
  ]);
  expect(svg).toContain('width="188" height="82"');
});
