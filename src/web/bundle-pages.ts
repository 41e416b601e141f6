/**
 * Bundles the pages: of each its program and its style sheet, each one file, with the licences of what is in them.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { PageAssets } from "./data/page-policy.js";

const root = new URL("../../", import.meta.url);

/** The pages by their folders in src/web, each with what is bundled into it: that wants its licence to go along. */
const PAGES = {
  /** The report of a trace. */
  report: ["preact", "@tanstack/virtual-core", "uplot"],
  /** The list of the sessions that are kept. */
  list: ["preact"],
} as const;

/** Bundles a page. @throws esbuild's error when the sources cannot be bundled */
export async function bundlePage(name: keyof typeof PAGES): Promise<PageAssets> {
  const page = fileURLToPath(new URL(`src/web/${name}/`, root));
  const { outputFiles } = await build({
    entryPoints: [`${page}main.tsx`, `${page}style.css`],
    outdir: "page",
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    // Evergreen browsers since light-dark() came, in 2024.
    target: ["chrome123", "firefox120", "safari17.5"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "silent",
  });
  const textOf = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  const licences = await licencesOf(PAGES[name]);
  return { script: `${licences}${textOf(".js")}`, style: textOf(".css") };
}

async function licencesOf(packages: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    packages.map(async (name) => {
      const text = await readFile(new URL(`node_modules/${name}/LICENSE`, root), "utf8");
      // An HTML parser reads a carriage return as a line feed, and the script's hash would not fit any more.
      return `${name}\n\n${text.replaceAll("\r\n", "\n").replaceAll("*/", "").trim()}`;
    }),
  );
  return `/*\n${texts.join("\n\n")}\n*/\n`;
}

/**
 * Writes the pages to `dist/web/pages`, as report.js, report.css, list.js and list.css, where looptrace finds them, built
 * or run from its sources.
 *
 * @throws esbuild's error when the sources cannot be bundled
 */
export async function buildPages(): Promise<void> {
  const folder = new URL("dist/web/pages/", root);
  await mkdir(folder, { recursive: true });
  // What reads a page meanwhile gets a whole one.
  const put = async (name: string, text: string): Promise<void> => {
    const partial = new URL(`${name}.${process.pid}`, folder);
    await writeFile(partial, text);
    await rename(partial, new URL(name, folder));
  };
  for (const name of ["report", "list"] as const) {
    const { script, style } = await bundlePage(name);
    await put(`${name}.js`, script);
    await put(`${name}.css`, style);
  }
}
