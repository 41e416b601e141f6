import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import GithubSlugger from "github-slugger";
import { lexer, type Token, type Tokens } from "marked";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** A fenced block: ```` ```sh needs a Redis ````. */
export interface Block {
  readonly page: string;
  /** `sh`, `ts`, `json`; empty where none is said. */
  readonly language: string;
  /** What stands behind the language. */
  readonly info: string;
  readonly text: string;
}

/** A table, with the text of its first header and the heading that it stands below. */
export interface Table {
  readonly heading: string;
  readonly header: string;
  /** The code in each row's first cell: what the row is about. */
  readonly rows: readonly { readonly names: readonly string[]; readonly rest: readonly string[] }[];
}

export interface Page {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly string[];
  readonly blocks: readonly Block[];
  readonly tables: readonly Table[];
  /** Whether a block stands before the second heading. */
  readonly beginsWithExample: boolean;
}

/** README, the pages of `docs/`, and what else a reader is sent to. */
export const pages: readonly Page[] = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(join(REPOSITORY, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => join("docs", path)),
]
  .toSorted()
  .map(readPage);

/** @throws when there is no such page */
export function pageAt(path: string): Page {
  const page = pages.find((one) => one.path === path);
  if (page === undefined) throw new Error(`there is no page ${path}`);
  return page;
}

/** Where a page finds what the package does not bring. */
const ADDRESS = "https://github.com/looptrace/looptrace/blob/main/";

interface Target {
  readonly path: string;
  readonly anchor: string;
}

/** What the links of a page lead to, as a path from the repository's root with the anchor; only those to files. */
export function targetsOf(page: Page): readonly Target[] {
  const byAddress = page.links.filter((link) => link.startsWith(ADDRESS));
  return [...relativeTargetsOf(page), ...byAddress.map((link) => targetOf("README.md", link.slice(ADDRESS.length)))];
}

/** Those without the links by the repository's address. */
export function relativeTargetsOf({ path, links }: Page): readonly Target[] {
  return links.filter((link) => !/^[a-z]+:/.test(link)).map((link) => targetOf(path, link));
}

function targetOf(page: string, link: string): Target {
  const [file = "", anchor = ""] = link.split("#");
  return { path: file === "" ? page : relative(REPOSITORY, join(REPOSITORY, dirname(page), file)), anchor };
}

/**
 * The names in the first cells of a page's table.
 *
 * @param title the table's first header, or the heading that it stands below
 * @throws when there is no such table, or more than one
 */
export function namesIn(path: string, title: string): readonly string[] {
  const { tables } = pageAt(path);
  const named = tables.filter(({ header }) => header === title);
  const found = named.length > 0 ? named : tables.filter(({ heading }) => heading === title).slice(0, 1);
  const [table] = found;
  if (table === undefined || found.length > 1) throw new Error(`${found.length} tables "${title}" in ${path}`);
  return table.rows.flatMap(({ names }) => names);
}

function readPage(path: string): Page {
  const text = readFileSync(join(REPOSITORY, path), "utf8");
  const tokens = lexer(text);
  const slugger = new GithubSlugger();
  const headings = tokens.filter(isHeading).map((heading) => plain(heading.tokens));
  const firstBlock = tokens.findIndex((token) => token.type === "code");
  const secondHeading = tokens.findIndex((token, index) => token.type === "heading" && index > 0);
  return {
    path,
    text,
    anchors: new Set(headings.map((heading) => slugger.slug(heading))),
    links: linksIn(tokens),
    blocks: tokens.filter(isCode).map((token) => blockOf(token, path)),
    tables: tablesIn(tokens),
    beginsWithExample: firstBlock >= 0 && (secondHeading < 0 || firstBlock < secondHeading),
  };
}

function blockOf({ lang = "", text }: Tokens.Code, page: string): Block {
  const [language = "", ...info] = lang.split(" ");
  return { page, language, info: info.join(" "), text };
}

function tablesIn(tokens: readonly Token[]): Table[] {
  let heading = "";
  return tokens.flatMap((token) => {
    if (isHeading(token)) heading = plain(token.tokens);
    if (!isTable(token)) return [];
    const rows = token.rows.map(([first, ...rest]) => ({
      names: (first?.tokens ?? []).flatMap((one) => (one.type === "codespan" ? [one.text as string] : [])),
      rest: rest.map(({ text }) => text),
    }));
    return [{ heading, header: plain(token.header[0]?.tokens ?? []), rows }];
  });
}

function linksIn(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token): string[] => {
    const own = token.type === "link" || token.type === "image" ? [(token as Tokens.Link).href] : [];
    const cells = isTable(token) ? [...token.header, ...token.rows.flat()].flatMap((cell) => cell.tokens) : [];
    const items = token.type === "list" ? (token as Tokens.List).items : [];
    const inner = "tokens" in token ? (token.tokens ?? []) : [];
    return [...own, ...linksIn([...cells, ...items, ...inner])];
  });
}

/** The text of a heading or a cell, without its marks. */
function plain(tokens: readonly Token[]): string {
  return tokens
    .map((token) => ("tokens" in token && token.tokens ? plain(token.tokens) : "text" in token ? token.text : ""))
    .join("")
    .replaceAll("&#39;", "'");
}

function isHeading(token: Token): token is Tokens.Heading {
  return token.type === "heading";
}

function isTable(token: Token): token is Tokens.Table {
  return token.type === "table";
}

function isCode(token: Token): token is Tokens.Code {
  return token.type === "code";
}
