import { posix } from "node:path";

/** A file of a bundle: its place in it, and its code. */
export interface BundleFile {
  readonly fileName: string;
  readonly code: string;
}

/** The file that finds modules in packs. */
const LOADER: BundleFile = {
  fileName: "packs.js",
  code: `"use strict";
const loaded = new Map();
// Runs a module of a pack when it is asked for first.
exports.load = (pack, name) => {
  const key = pack + "/" + name;
  let module = loaded.get(key);
  if (!module) {
    module = { exports: {} };
    loaded.set(key, module);
    require("./" + pack + ".pack.js")[name](module.exports, module);
  }
  return module.exports;
};
`,
};

/**
 * Puts modules together that lie in one folder: to find and read a file takes longer than to skip what of it is not
 * needed. Each module stays a function of its own, which runs when code asks for the module.
 *
 * @param files of a bundle as CommonJS, those in folders a module each: `trace/build-loop.js` comes into `trace.pack.js`
 * @throws when a module asks for a file that is not in the bundle
 */
export function packModules(files: readonly BundleFile[]): readonly BundleFile[] {
  const known = new Set(files.map(({ fileName }) => fileName));
  const packs = new Map<string, string[]>();
  const alone: BundleFile[] = [];
  for (const { fileName, code } of files) {
    const asked = code.replaceAll(/\brequire\("(\.[^"]+)"\)/g, (_, path: string) => {
      const target = posix.join(posix.dirname(fileName), path);
      if (!known.has(target)) throw new Error(`${fileName} asks for ${target}, which is not in the bundle.`);
      const place = placeOf(target);
      return place ? `require("./packs.js").load("${place.pack}", "${place.name}")` : `require("./${target}")`;
    });
    const place = placeOf(fileName);
    if (!place) {
      alone.push({ fileName, code: asked });
      continue;
    }
    const modules = packs.get(place.pack) ?? [];
    packs.set(place.pack, modules);
    modules.push(`exports[${JSON.stringify(place.name)}] = (exports, module) => {\n${asked}\n};\n`);
  }
  const packed = [...packs].map(([pack, modules]) => ({
    fileName: `${pack}.pack.js`,
    code: `"use strict";\n${modules.join("")}`,
  }));
  const twice = packed.find(({ fileName }) => known.has(fileName));
  if (twice) throw new Error(`${twice.fileName} is a file of the bundle and would be a pack too.`);
  return [LOADER, ...alone, ...packed];
}

/** The pack that a file of a bundle comes into; undefined for one that stays a file. */
function placeOf(fileName: string): { readonly pack: string; readonly name: string } | undefined {
  const folder = posix.dirname(fileName);
  return folder === "." ? undefined : { pack: folder.replaceAll("/", "-"), name: posix.basename(fileName, ".js") };
}
