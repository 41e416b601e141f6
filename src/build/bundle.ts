/**
 * Bundles the command line and the library into `dist/cli`: `main.js`, an entry of the library's for each of its doors,
 * beside them files for whatever several of them share or one alone needs, and the licences of what comes from other
 * packages.
 *
 * Most of what a start takes is finding, reading and compiling some 180 files, and of the library's 850; of both
 * docs/performance.md has the figures. So the files are few, and CommonJS, which Node.js loads faster.
 */
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, rolldown } from "rolldown";
import { BUILD_DIGEST } from "../cli/build-digest.js";
import { HELP_FILE } from "../cli/help-sheet.js";
import { helpSheet } from "../cli/write-help-sheet.js";
import { HOT_MODULES } from "./hot-modules.js";
import { lazyRequires } from "./lazy-requires.js";
import { packModules } from "./pack-modules.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Loaded where they are installed: the package does not bring them. */
export const PEERS = ["bullmq", "ioredis"];

/** The library's doors: where each is in `src` and in `dist`, without its ending, by the name of its entry. */
const DOORS: ReadonlyMap<string, string> = new Map([
  ["library", "index"],
  ["library-fleet", "fleet/index"],
  ["library-otel", "opentelemetry/index"],
]);

/** A door of the library's. */
export interface Door {
  /** Where its module is in `dist`, without its ending. */
  readonly place: string;
  /** The file of the bundle that has what it exports. */
  readonly fileName: string;
  readonly names: readonly string[];
}

/**
 * Writes the bundle.
 *
 * @param folder takes the place of the package's `dist/cli`: what is looked for beside it is looked for beside this
 * @returns what programs are to import from it
 * @throws rolldown's error when the sources cannot be bundled
 */
export async function writeBundle(folder: string): Promise<readonly Door[]> {
  const sources = new Map([...DOORS].map(([name, place]) => [join(root, "src", `${place}.ts`), name]));
  const exported = new Map<string, readonly string[]>();
  const notesExports: Plugin = {
    name: "notes-exports",
    moduleParsed: ({ id, exports }) => void (sources.has(id) && exported.set(id, exports)),
  };
  const bundle = await rolldown({
    input: {
      main: join(root, "src/cli/main.ts"),
      "code-cache": join(root, "src/cli/code-cache.ts"),
      ...Object.fromEntries([...sources].map(([id, name]) => [name, id])),
    },
    cwd: root,
    platform: "node",
    external: PEERS,
    preserveEntrySignatures: "allow-extension",
    // What it is for CommonJS finds its own files at run time, where a bundle has none.
    resolve: { alias: { "jsonc-parser": join(root, "node_modules/jsonc-parser/lib/esm/main.js") } },
    plugins: [...plugins, lazyRequires, notesExports],
    onLog: (level, { message }) => {
      if (level === "warn") throw new Error(message);
    },
  });
  const { output } = await bundle.generate({
    format: "cjs",
    exports: "named",
    strict: true,
    chunkFileNames: "[name].js",
    codeSplitting: { groups: [{ debugName: "modules", name: placeOf }], includeDependenciesRecursively: false },
    // Names stay, for the stack traces in reports of faults.
    minify: { compress: true, mangle: false, codegen: false },
    minifyInternalExports: false,
    comments: false,
  });
  await bundle.close();
  await mkdir(folder, { recursive: true });
  const chunks = output.flatMap((file) => (file.type === "chunk" ? [file] : []));
  const files = packModules(chunks, HOT_MODULES);
  const digest = digestOf(files.map(({ code }) => code));
  for (const { fileName, code } of files)
    await writeFile(join(folder, fileName), code.replaceAll(BUILD_DIGEST, digest));
  await writeFile(join(folder, HELP_FILE), JSON.stringify(helpSheet()));
  // npm sets it when it installs the package, not when a clone that it has linked is built anew.
  await chmod(join(folder, "main.js"), 0o755);
  const packages = new Set(chunks.flatMap(({ moduleIds }) => moduleIds).flatMap((id) => packageOf(id) ?? []));
  await writeFile(join(folder, "package.json"), '{ "type": "commonjs" }\n');
  await writeFile(join(folder, "third-party-licences.txt"), await licencesOf([...packages].sort()));
  // A chunk has more exports than its entry where other chunks need them.
  return chunks.flatMap(({ name, fileName, facadeModuleId }) => {
    const place = DOORS.get(name);
    const names = exported.get(facadeModuleId ?? "");
    return place === undefined || !names ? [] : [{ place, fileName, names }];
  });
}

/** A module of ours finds what lies beside it in the package from where it lies itself, not from its bundle. */
const atItsPlace: Plugin = {
  name: "at-its-place",
  transform: {
    filter: { id: pathToRegExp(join(root, "src/")), code: "import.meta.url" },
    handler: (code, id) => {
      const place = JSON.stringify(relative(join(root, "src/cli"), id).replaceAll("\\", "/"));
      return code.replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`);
    },
  },
};

/** A package whose one function is seldom called runs when it is called first. */
function lazy(name: string): Plugin {
  const standIn = `\0lazy:${name}`;
  return {
    name: "lazy",
    resolveId: (source, importer) => (source === name && importer !== standIn ? standIn : undefined),
    load: (id) =>
      id === standIn
        ? `let loaded;
           export default (...args) => (loaded ??= require(${JSON.stringify(name)}).default)(...args);`
        : undefined,
  };
}

/** commander starts programs for subcommands that are programs; looptrace has none. */
const withoutChildProcess: Plugin = {
  name: "without-child-process",
  transform: {
    filter: { id: /\/commander\/lib\/command\.js$/ },
    handler: (code) => {
      const loads = "const childProcess = require('node:child_process');";
      if (!code.includes(loads)) throw new Error(`commander's command.js has no "${loads}" any more`);
      return code.replace(loads, "");
    },
  },
};

/**
 * Langfuse's client makes empty headers when it is loaded, and has Node.js load all of `fetch` for their class. looptrace
 * has the client for its names; the class that it brings itself for browsers without one does as well.
 */
const withoutFetch: Plugin = {
  name: "without-fetch",
  transform: {
    filter: { id: /\/@langfuse\/core\/dist\/index\.mjs$/ },
    handler: (code) => {
      const asks = 'if (typeof globalThis.Headers !== "undefined")';
      if (!code.includes(asks)) throw new Error(`@langfuse/core has no "${asks}" any more`);
      return code.replace(asks, "if (false)");
    },
  },
};

/** What a bundle in chunks needs, and what makes a start cheaper. */
export const plugins: readonly Plugin[] = [atItsPlace, lazy("string-width"), withoutChildProcess, withoutFetch];

function pathToRegExp(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
}

/** What every start needs, and all that `--version` and `--help` do: it comes into the first file. */
const START = new Set(
  ["main", "code-cache", "exit-codes", "help-sheet", "own-version", "terminal-width", "write-errors"].map(
    (name) => `cli/${name}`,
  ),
);

/** Each module of ours is a chunk of its own; what packages bring is split by what needs it. */
function placeOf(id: string): string | null {
  const place = relative(root, id).replaceAll("\\", "/");
  const own = /^src\/(.+)\.ts$/.exec(place)?.[1];
  if (own === undefined || START.has(own)) return null;
  return own.replace(/^cli\/commands\//, "command-");
}

function digestOf(texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text);
  return hash.digest("hex").slice(0, 16);
}

/** The folder of the package that a module belongs to. */
function packageOf(id: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0];
}

async function licencesOf(folders: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    folders.map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
      const files = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|notice|copying)\b/i.test(file)).sort();
      const read = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
      if (read.length === 0) read.push(`It comes without a text of its licence: https://www.npmjs.com/package/${name}`);
      return [`${name} ${version} (${license})`, ...read.map((text) => text.trim())].join("\n\n");
    }),
  );
  return `looptrace contains code of these packages.\n\n${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
