import { posix } from "node:path";
import { BUILD_DIGEST } from "../cli/build-digest.js";
import type { HotModules } from "./hot-modules.js";

/** rolldown's own helpers, which the first file needs before it needs any other. */
const RUNTIME_FILE = "rolldown-runtime.js";

/** A file of a bundle: its place in it, and its code. */
export interface BundleFile {
  readonly fileName: string;
  readonly code: string;
  /** Whether Node.js itself loads it: then there is one of it only if all others ask Node.js for it, too. */
  readonly isEntry?: boolean;
}

/** The file that finds modules in packs, and files that are none. In the command line's process it keeps their code. */
const LOADER: BundleFile = {
  fileName: "packs.js",
  code: `"use strict";
const loaded = new Map(), files = new Map();
let cache;
const isCommandLine = typeof __dirname === "string" && require.main?.filename === __dirname + "/main.js";
if (isCommandLine) {
  const { argv, execArgv, env } = process;
  const options = { folder: __dirname, build: "${BUILD_DIGEST}", argv: argv.slice(2), execArgv, env };
  cache = require("./code-cache.js").openCodeCache(options);
  if (cache) process.once("exit", cache.keep);
}
// What a file exports, which runs when it is asked for first.
exports.file = (name) => {
  if (!cache) return require("./" + name);
  let module = files.get(name);
  if (!module) {
    module = { exports: {} };
    files.set(name, module);
    try {
      const path = __dirname + "/" + name;
      cache.compile(path)(module.exports, require, module, path, __dirname);
    } catch (error) {
      files.delete(name);
      // It is gone: Node.js says so in its own way.
      if (error?.code === "ENOENT" && error.path === __dirname + "/" + name) return require("./" + name);
      throw error;
    }
  }
  return module.exports;
};
// Runs a module of a pack when it is asked for first.
exports.load = (pack, name) => {
  let module = loaded.get(name);
  if (!module) {
    module = { exports: {} };
    loaded.set(name, module);
    try {
      exports.file(pack + ".pack.js")[name](module.exports, module);
    } catch (error) {
      // Whoever asks again is told again.
      loaded.delete(name);
      throw error;
    }
  }
  return module.exports;
};
`,
};

/**
 * Puts modules together: to find and read a file takes longer than to skip what of it is not needed. Each module stays a
 * function of its own, which runs when code asks for the module.
 *
 * Modules of a folder come into one file, but for those that are always needed together, which have files of their own:
 * a file is looked through whole before anything of it runs.
 *
 * @param files of a bundle as CommonJS, those in folders a module each: `trace/build-loop.js` comes into `trace.pack.js`
 * @param hot the names of modules that are needed together, without `.js`, by the names of their files; what is not in
 *   the bundle counts for nothing
 * @throws when a module asks for a file that is not in the bundle, or for another one than Node.js's own by `import()`
 */
export function packModules(files: readonly BundleFile[], hot: HotModules = {}): readonly BundleFile[] {
  const known = new Map(files.map((file) => [file.fileName, file]));
  const hotPacks = new Map(Object.entries(hot).flatMap(([pack, names]) => names.map((name) => [name, pack] as const)));
  const placeOf = (fileName: string): Place | undefined => {
    const folder = posix.dirname(fileName);
    if (folder === ".") return undefined;
    const name = fileName.replace(/\.js$/, "");
    const pack = hotPacks.get(name);
    return { pack: pack ?? folder.replaceAll("/", "-"), name, isHot: pack !== undefined };
  };
  const packs = new Map<string, string[]>();
  const alone: BundleFile[] = [];
  for (const { fileName, code } of files) {
    const asked = withoutImports(fileName, code).replaceAll(/\brequire\("(\.[^"]+)"\)/g, (_, path: string) => {
      const target = posix.join(posix.dirname(fileName), path);
      if (!known.has(target)) throw new Error(`${fileName} asks for ${target}, which is not in the bundle.`);
      const place = placeOf(target);
      if (place) return `require("./packs.js").load("${place.pack}", "${place.name}")`;
      const isPlain = known.get(target)?.isEntry || target === RUNTIME_FILE;
      return isPlain ? `require("./${target}")` : `require("./packs.js").file("${target}")`;
    });
    const place = placeOf(fileName);
    if (!place) {
      alone.push({ fileName, code: asked });
      continue;
    }
    const modules = packs.get(place.pack) ?? [];
    packs.set(place.pack, modules);
    // A function in parentheses is compiled at once, where another one is skipped, and read again when it is called.
    const [begin, end] = place.isHot ? ["(function (exports, module) {", "})"] : ["(exports, module) => {", "}"];
    modules.push(`exports[${JSON.stringify(place.name)}] = ${begin}\n${asked}\n${end};\n`);
  }
  const packed = [...packs].map(([pack, modules]) => ({
    fileName: `${pack}.pack.js`,
    code: `"use strict";\n${asAscii(modules.join(""))}`,
  }));
  const twice = packed.find(({ fileName }) => known.has(fileName));
  if (twice) throw new Error(`${twice.fileName} is a file of the bundle and would be a pack too.`);
  return [LOADER, ...alone, ...packed];
}

/**
 * The same code with `import()` of Node.js's own modules as `require`, which has the same names: V8 does not say what has
 * asked for a module in code that was kept.
 *
 * @throws where something else is asked for
 */
function withoutImports(fileName: string, code: string): string {
  const required = code.replaceAll(/(?<![.\w])import\(("node:[^"]+")\)/g, "Promise.resolve().then(() => require($1))");
  const left = /(?<![.\w])import\([^)]*\)/.exec(required)?.[0];
  if (left !== undefined) throw new Error(`${fileName} has ${left}, which does not work in code that is kept.`);
  return required;
}

/**
 * The same code without characters that are not ASCII: with a single one of them, all of a file is read and compiled as
 * two bytes a character. In strings, templates and patterns an escape means the same, in comments nothing; no name here
 * has such characters, and `String.raw` is not used on them.
 */
function asAscii(code: string): string {
  return code.replaceAll(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Where a file of a bundle comes to; none for one that stays a file. */
interface Place {
  readonly pack: string;
  readonly name: string;
  readonly isHot: boolean;
}
