/** The pictures in the documentation: `npm run screenshots` makes them, and a test looks that there are no others. */

/** What a terminal shows at some widths: `docs/images/<name>-<columns>.svg`. */
export const TERMINALS: readonly {
  readonly name: string;
  readonly argv: readonly string[];
  readonly columns: readonly number[];
}[] = [
  { name: "show", argv: ["show", "1"], columns: [80, 120, 200] },
  { name: "ls", argv: ["ls"], columns: [80, 120, 200] },
  { name: "tokens", argv: ["tokens", "1"], columns: [120] },
  { name: "tools", argv: ["tools", "1"], columns: [80] },
  { name: "stats", argv: ["stats"], columns: [120] },
];

/** Pages in a browser: `docs/images/<page>-<width>-<scheme>.webp`. */
export const PAGES = ["report", "view"] as const;
export const SCREENS = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
] as const;
export const SCHEMES = ["light", "dark"] as const;

/** A clone should not grow by much with each new picture. Bytes, of one and of all. */
export const MOST_BYTES = { picture: 150_000, all: 1_000_000 } as const;

/** The names of all files in `docs/images`, sorted. */
export function pictureNames(): readonly string[] {
  const terminals = TERMINALS.flatMap(({ name, columns }) => columns.map((wide) => `${name}-${wide}.svg`));
  const pages = PAGES.flatMap((page) =>
    SCREENS.flatMap(({ width }) => SCHEMES.map((scheme) => `${page}-${width}-${scheme}.webp`)),
  );
  return [...terminals, ...pages].sort();
}
