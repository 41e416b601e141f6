import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { packModules } from "../../src/build/pack-modules.js";

const FILES = [
  { fileName: "main.js", code: `exports.show = () => [require("./trace/sum.js").sum(1), require("./zod.js").z];` },
  { fileName: "zod.js", code: `exports.z = "zod";` },
  { fileName: "trace/sum.js", code: `loads.push("sum"); exports.sum = (n) => n + require("./deep/two.js").two;` },
  { fileName: "trace/unused.js", code: `loads.push("unused");` },
  { fileName: "trace/deep/two.js", code: `loads.push("two"); exports.two = require("../sum.js").sum ? 2 : 0;` },
];

test("modules of a folder are one file, and each runs when it is asked for first", () => {
  const files = new Map(packModules(FILES).map(({ fileName, code }) => [fileName, code]));
  expect([...files.keys()].toSorted()).toEqual([
    "main.js",
    "packs.js",
    "trace-deep.pack.js",
    "trace.pack.js",
    "zod.js",
  ]);
  const loads: string[] = [];
  const loaded = new Map<string, unknown>();
  const require = (path: string): unknown => {
    const exports = loaded.get(path) ?? {};
    if (!loaded.has(path)) {
      loaded.set(path, exports);
      loads.push(path);
      runInNewContext(files.get(path.replace("./", "")) ?? "", { require, exports, loads });
    }
    return exports;
  };
  const main = require("./main.js") as { readonly show: () => unknown };
  expect(loads).toEqual(["./main.js"]);
  expect([main.show(), main.show()]).toEqual([
    [3, "zod"],
    [3, "zod"],
  ]);
  expect(loads).toEqual([
    "./main.js",
    "./packs.js",
    "./trace.pack.js",
    "sum",
    "./trace-deep.pack.js",
    "two",
    "./zod.js",
  ]);
});

test("modules that are needed together are one file, whatever their folders", () => {
  const hot = { "hot-sum": ["trace/sum", "trace/deep/two", "trace/gone"] };
  const files = new Map(packModules(FILES, hot).map(({ fileName, code }) => [fileName, code]));
  expect([...files.keys()].toSorted()).toEqual(["hot-sum.pack.js", "main.js", "packs.js", "trace.pack.js", "zod.js"]);
  const loaded = new Map<string, unknown>();
  const require = (path: string): unknown => {
    const exports = loaded.get(path) ?? {};
    if (!loaded.has(path)) {
      loaded.set(path, exports);
      runInNewContext(files.get(path.replace("./", "")) ?? "", { require, exports, loads: [] });
    }
    return exports;
  };
  const main = require("./main.js") as { readonly show: () => unknown };
  expect(main.show()).toEqual([3, "zod"]);
  expect([...loaded.keys()]).toEqual(["./main.js", "./packs.js", "./hot-sum.pack.js", "./zod.js"]);
});

test("a module that throws does so each time that it is asked for", () => {
  const files = packModules([{ fileName: "a/b.js", code: `throw new Error("not installed");` }]);
  const codes = new Map(files.map(({ fileName, code }) => [fileName, code]));
  const run = (path: string): Record<string, unknown> => {
    const exports = {};
    runInNewContext(codes.get(path.replace("./", "")) ?? "", { require: run, exports });
    return exports;
  };
  const { load } = run("./packs.js") as { readonly load: (pack: string, name: string) => unknown };
  for (const _ of [1, 2]) expect(() => load("a", "a/b")).toThrow("not installed");
});

test("the command line's own process has its files from the cache, and keeps that when it ends", () => {
  const codes = new Map(packModules([{ fileName: "a/b.js", code: "" }]).map(({ fileName, code }) => [fileName, code]));
  const ends: unknown[] = [];
  const compiled: string[] = [];
  const keep = (): boolean => true;
  const compile = (path: string) => {
    compiled.push(path);
    if (path.endsWith("gone.js")) throw Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT", path });
    return (_exports: object, _require: unknown, module: { exports: object }): void => {
      Object.assign(module, { exports: { path } });
    };
  };
  const load = (main: string): { readonly file: (name: string) => unknown } => {
    const require = (path: string): unknown => {
      if (path === "./code-cache.js") return { openCodeCache: () => ({ compile, keep }) };
      throw new Error(`Cannot find module '${path}'`);
    };
    const process = { argv: [], execArgv: [], env: {}, once: (event: string, end: unknown) => ends.push([event, end]) };
    const exports = { file: (_: string): unknown => undefined };
    const around = {
      exports,
      process,
      __dirname: "/dist/cli",
      require: Object.assign(require, { main: { filename: main } }),
    };
    runInNewContext(codes.get("packs.js") ?? "", around);
    return exports;
  };
  const own = load("/dist/cli/main.js");
  expect(own.file("program.js")).toEqual({ path: "/dist/cli/program.js" });
  expect(own.file("program.js")).toBe(own.file("program.js"));
  expect(compiled).toEqual(["/dist/cli/program.js"]);
  expect(ends).toEqual([["exit", keep]]);
  // Node.js says itself what is missing, as where an update takes files away.
  expect(() => own.file("gone.js")).toThrow("Cannot find module './gone.js'");
  expect(() => load("/home/dev/service.js").file("program.js")).toThrow("Cannot find module './program.js'");
  expect(ends).toHaveLength(1);
});

test("a file that is not in the bundle, and a name that is taken, end the build", () => {
  expect(() => packModules([{ fileName: "a/b.js", code: `require("./c.js")` }])).toThrow(
    "a/b.js asks for a/c.js, which is not in the bundle.",
  );
  const taken = [
    { fileName: "a/b.js", code: "" },
    { fileName: "a.pack.js", code: "" },
  ];
  expect(() => packModules(taken)).toThrow("a.pack.js is a file of the bundle and would be a pack too.");
});

test("modules of Node.js's are required, since code that is kept can import nothing", async () => {
  const code = `exports.join = async () => (await import("node:path")).join("a", "b");`;
  const [, file] = packModules([{ fileName: "text/join.js", code }]);
  const pack: Record<string, (exports: object) => void> = {};
  runInNewContext(file?.code ?? "", {
    exports: pack,
    require: () => ({ join: (...names: string[]) => names.join("+") }),
  });
  const module: { join?: () => Promise<string> } = {};
  pack["text/join"]?.(module);
  expect(await module.join?.()).toBe("a+b");
  expect(() => packModules([{ fileName: "a/b.js", code: 'import("left-pad")' }])).toThrow(
    'a/b.js has import("left-pad"), which does not work in code that is kept.',
  );
});

test("packs have no character beyond ASCII, and mean the same", () => {
  const code = 'exports.marks = ["…→", `─${1}│`, /^[•–\\u{1f600}]+$/u.test("•–😀"), "😀"]; // “so”';
  const packed = packModules([{ fileName: "text/marks.js", code }]).find(({ fileName }) => fileName === "text.pack.js");
  expect(packed?.code).toMatch(/^[\n -~]*$/);
  const pack: Record<string, (exports: object) => void> = {};
  runInNewContext(packed?.code ?? "", { exports: pack });
  const marks: { marks?: unknown } = {};
  pack["text/marks"]?.(marks);
  expect(JSON.stringify(marks)).toBe(JSON.stringify({ marks: ["…→", "─1│", true, "😀"] }));
});
